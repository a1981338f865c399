with u as materialized (
  select key, pk::jsonb, data, aux, version, deleted, changed_at
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
    as u(key, pk, data, aux, version, deleted, changed_at)
), written as (
  insert into {storage} as t (pk, data{aux_name}, version, deleted)
  select u.pk, u.data::jsonb{aux_value}, u.version, u.deleted
  from u
  where not exists (
    select from {storage} as s where s.pk = u.pk and s.version collate "C" >= u.version collate "C")
  order by u.pk
  on conflict (pk) do update set
    data = excluded.data{aux_set}, version = excluded.version, deleted = excluded.deleted
  where t.version is null or excluded.version collate "C" > t.version collate "C"
  returning t.pk
)
select u.key from written join u on u.pk = written.pk
