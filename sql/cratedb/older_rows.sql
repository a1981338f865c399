select key, pk, aux from {storage}
where not deleted and version < $1 and key || '' > $2
order by key || ''
limit $3
