insert into {storage} (key, pk, data, aux, version, deleted, changed_at, applied_at)
values ($1, $2, $3, $4, $5, false, $6, $7)
on conflict (key) do nothing
