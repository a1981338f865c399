-- public.public.everything
insert into "public"."public.everything_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."public.everything_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129487010057594632204662985276081099260279023653220: "[\"2026-03-02\",9007199254740993]", {"day":"2026-03-02","id":9007199254740993}, {"sum":12345678901234567890123456789012345678.10,"tiny":1e-300,"ratio":"NaN","far":"-Infinity","made":"2026-03-02T08:35:30.123456","seen":"2026-03-02T08:35:30.123456Z","ever":"infinity","took":"PT37091106.789S","flags":"gwI=","flag":true,"bytes":"AP8Q","empty":"","doc":{"a":[1.10,{"b":null}],"row":1},"tags":["a",null,"b \"c\""],"deep":[[1,2],[3,4]],"place":{"x":1.0,"y":2.5,"wkb":"AQEAAAAAAAAAAADwPwAAAAAAAARA","srid":null},"none":null,"text":"tab\t, \u0001, \\, / and é😀"}, {}, "p.0000.0.00064c05f937e000", false, "2026-03-02T08:00:00.000000Z"
-- public.Öffentlich.or"ders; drop
insert into "public"."Öffentlich.or""ders; drop_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."Öffentlich.or""ders; drop_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129487010284261936604662985276081099260279023653227: "[1]", {"id":1}, {"row":{"row":1},"gone":2,"rowtide_snapshot":{"table":"x"},"a.b":1,"Ünïcode näme":"ü","\"quoted\"":true,"":0}, {}, "p.0000.0.00064c05f937e000", false, "2026-03-02T08:00:00.000000Z"
-- public.public.codes
insert into "public"."public.codes_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."public.codes_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129487010737596545404662985276081099260279023653241: "[1]", {"code":1}, {"note":"the same, later"}, {}, "p.0000.0.00064c1a170f4000", false, "2026-03-03T08:00:00.000000Z"
-- public.public.orders
insert into "public"."public.orders_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."public.orders_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129487010964263849804662985276081099260279023653248: "[7]", {"id":7}, {"n":2}, {}, "p.0000.0.00064c05f937e000", false, "2026-03-02T08:00:00.000000Z"
