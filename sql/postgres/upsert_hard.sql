with u as materialized (
  select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
    as u(key, pk, data, aux, version, deleted, changed_at){floor}
), locked as materialized (
  select t.key, t.version from {storage} as t
  where t.key in (select u.key collate "C" from u)
  order by t.key for update
), removed as (
  delete from {storage} as t using u, locked as l
  where u.deleted and l.key = u.key collate "C" and t.key = l.key and u.version collate "C" > l.version
  returning t.key
), written as (
  insert into {storage} as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
  select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
  from u left join locked as l on l.key = u.key collate "C"
  where not u.deleted and (l.version is null or u.version collate "C" > l.version)
  order by u.key collate "C"
  on conflict (key) do update set
    pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version,
    deleted = excluded.deleted, changed_at = excluded.changed_at, applied_at = excluded.applied_at
  where excluded.version > t.version
  returning t.key
)
select key from removed union all select key from written
