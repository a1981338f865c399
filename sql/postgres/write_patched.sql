insert into {storage} as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, false, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
  as u(key, pk, data, aux, version, base_version, changed_at){floor}
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = false,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where t.version = (select b.base from unnest($1::text[], $6::text[]) as b(key, base) where b.key = t.key collate "C")
returning t.key
