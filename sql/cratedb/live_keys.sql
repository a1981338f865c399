select key from {storage}
where not deleted and key || '' > $1
order by key || ''
limit $2
