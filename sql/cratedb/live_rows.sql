select key, pk, data, aux, deleted from {storage}
where {which}key || '' > $1
order by key || ''
limit $2
