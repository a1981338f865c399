-- doc.public.everything
alter table "doc"."public_everything_cdc"
  add column "data"['b'] boolean,
  add column "data"['key'] object(strict) as ("id" double precision),
  add column "data"['op'] text,
  add column "data"['rowtide_change'] double precision,
  add column "data"['t'] text,
  add column "data"['version'] text,
  add column "pk"['id'] double precision;
-- doc.public.everything
insert into "doc"."public_everything_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values
  ($2, $3, $4, $5, $6, $7, $8, $1)
on conflict (key) do update set
  pk = case when version is null or excluded.version > version then excluded.pk else pk end,
  data = case when version is null or excluded.version > version then excluded.data else data end,
  aux = case when version is null or excluded.version > version then excluded.aux else aux end,
  version = case when version is null or excluded.version > version then excluded.version else version end,
  deleted = case when version is null or excluded.version > version then excluded.deleted else deleted end,
  changed_at = case when version is null or excluded.version > version then excluded.changed_at else changed_at end,
  applied_at = case when version is null or excluded.version > version then excluded.applied_at else applied_at end
returning key, version, applied_at;
-- 49672129487010057594632204662985276081099260279023654000: null, "[1]", {"id":1}, {"t":"quote \" and \\ and é 日本","b":true,"op":"delete","version":"z","rowtide_change":2,"key":{"id":9}}, {"/data/n":"9007199254740993.10","/data/e":"1e-7","/data/big":"123456789012345678901234567890","/data/nothing":"null","/data/list":"[1,[2.50,{\"a\":null}]]"}, "p.0000.1.0000000000000010.0000000000000100", false, "2026-03-02T08:35:30.123456Z"
-- doc.public.codes
alter table "doc"."public_codes_cdc"
  add column "data"['n'] double precision,
  add column "pk"['code'] text,
  add column "pk"['tenant'] text;
-- doc.public.codes
insert into "doc"."public_codes_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values
  ($2, $3, $4, $5, $6, $7, $8, $1)
on conflict (key) do update set
  pk = case when version is null or excluded.version > version then excluded.pk else pk end,
  data = case when version is null or excluded.version > version then excluded.data else data end,
  aux = case when version is null or excluded.version > version then excluded.aux else aux end,
  version = case when version is null or excluded.version > version then excluded.version else version end,
  deleted = case when version is null or excluded.version > version then excluded.deleted else deleted end,
  changed_at = case when version is null or excluded.version > version then excluded.changed_at else changed_at end,
  applied_at = case when version is null or excluded.version > version then excluded.applied_at else applied_at end
returning key, version, applied_at;
-- 49672129487010057594632204662985276081099260279023654014: null, "[\"1.00\",\"a\"]", {"code":"1.00","tenant":"a"}, {"n":2}, {}, "p.0000.1.0000000000000012.0000000000000120", false, "2026-03-02T08:35:30.123456Z"
-- doc.public.Od"d; name
alter table "doc"."public_Od_d;_name_cdc"
  add column "data"['n'] double precision,
  add column "pk"['Ke"y'] double precision;
-- doc.public.Od"d; name
insert into "doc"."public_Od_d;_name_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values
  ($2, $3, $4, $5, $6, $7, $8, $1)
on conflict (key) do update set
  pk = case when version is null or excluded.version > version then excluded.pk else pk end,
  data = case when version is null or excluded.version > version then excluded.data else data end,
  aux = case when version is null or excluded.version > version then excluded.aux else aux end,
  version = case when version is null or excluded.version > version then excluded.version else version end,
  deleted = case when version is null or excluded.version > version then excluded.deleted else deleted end,
  changed_at = case when version is null or excluded.version > version then excluded.changed_at else changed_at end,
  applied_at = case when version is null or excluded.version > version then excluded.applied_at else applied_at end
returning key, version, applied_at;
-- 49672129487010057594632204662985276081099260279023654021: null, "[1]", {"Ke\"y":1}, {"n":3}, {}, "p.0000.1.0000000000000010.0000000000000100", false, "2026-03-02T08:35:30.123456Z"
-- doc.carts
alter table "doc"."carts_cdc"
  add column "data"['total'] double precision,
  add column "pk"['cart'] text,
  add column "pk"['line'] double precision;
-- doc.carts
insert into "doc"."carts_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values
  ($2, $3, $4, $5, $6, $7, $8, $1)
on conflict (key) do update set
  pk = case when version is null or excluded.version > version then excluded.pk else pk end,
  data = case when version is null or excluded.version > version then excluded.data else data end,
  aux = case when version is null or excluded.version > version then excluded.aux else aux end,
  version = case when version is null or excluded.version > version then excluded.version else version end,
  deleted = case when version is null or excluded.version > version then excluded.deleted else deleted end,
  changed_at = case when version is null or excluded.version > version then excluded.changed_at else changed_at end,
  applied_at = case when version is null or excluded.version > version then excluded.applied_at else applied_at end
returning key, version, applied_at;
-- 49672129487010057594632204662985276081099260279023654028: null, "[\"c-1\",7]", {"cart":"c-1","line":7}, {"total":5}, {}, "d.0000.1.0000000000000010.0000000000000100", false, null
