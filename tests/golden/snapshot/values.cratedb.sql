-- doc.public.everything
alter table "doc"."public_everything_cdc"
  add column "data"['bytes'] text,
  add column "data"['deep'] array(array(double precision)),
  add column "data"['doc'] object(strict) as ("row" double precision),
  add column "data"['empty'] text,
  add column "data"['ever'] text,
  add column "data"['far'] text,
  add column "data"['flag'] boolean,
  add column "data"['flags'] text,
  add column "data"['made'] text,
  add column "data"['place'] object(strict) as ("wkb" text, "y" double precision),
  add column "data"['ratio'] text,
  add column "data"['seen'] text,
  add column "data"['tags'] array(text),
  add column "data"['text'] text,
  add column "data"['took'] text,
  add column "pk"['day'] text;
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
-- 49672129487010057594632204662985276081099260279023653220: null, "[\"2026-03-02\",9007199254740993]", {"day":"2026-03-02"}, {"ratio":"NaN","far":"-Infinity","made":"2026-03-02T08:35:30.123456","seen":"2026-03-02T08:35:30.123456Z","ever":"infinity","took":"PT37091106.789S","flags":"gwI=","flag":true,"bytes":"AP8Q","empty":"","doc":{"row":1},"tags":["a",null,"b \"c\""],"deep":[[1,2],[3,4]],"place":{"y":2.5,"wkb":"AQEAAAAAAAAAAADwPwAAAAAAAARA"},"text":"tab\t, \u0001, \\, / and é😀"}, {"/pk/id":"9007199254740993","/data/sum":"12345678901234567890123456789012345678.10","/data/tiny":"1e-300","/data/doc/a":"[1.10,{\"b\":null}]","/data/place/x":"1.0","/data/place/srid":"null","/data/none":"null"}, "p.0000.0.00064c05f937e000", false, "2026-03-02T08:00:00.000000Z"
-- doc.Öffentlich.or"ders; drop
alter table "doc"."Öffentlich_or_ders;_drop_cdc"
  add column "data"['"quoted"'] boolean,
  add column "data"['gone'] double precision,
  add column "data"['row'] object(strict) as ("row" double precision),
  add column "data"['rowtide_snapshot'] object(strict) as ("table" text),
  add column "data"['Ünïcode näme'] text,
  add column "pk"['id'] double precision;
-- doc.Öffentlich.or"ders; drop
insert into "doc"."Öffentlich_or_ders;_drop_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129487010284261936604662985276081099260279023653227: null, "[1]", {"id":1}, {"row":{"row":1},"gone":2,"rowtide_snapshot":{"table":"x"},"Ünïcode näme":"ü","\"quoted\"":true}, {"/data/a.b":"1","/data/":"0"}, "p.0000.0.00064c05f937e000", false, "2026-03-02T08:00:00.000000Z"
-- doc.public.codes
alter table "doc"."public_codes_cdc"
  add column "data"['note'] text,
  add column "pk"['code'] double precision;
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
-- 49672129487010737596545404662985276081099260279023653241: null, "[1]", {"code":1}, {"note":"the same, later"}, {}, "p.0000.0.00064c1a170f4000", false, "2026-03-03T08:00:00.000000Z"
-- doc.public.orders
alter table "doc"."public_orders_cdc"
  add column "data"['n'] double precision,
  add column "pk"['id'] double precision;
-- doc.public.orders
insert into "doc"."public_orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129487010964263849804662985276081099260279023653248: null, "[7]", {"id":7}, {"n":2}, {}, "p.0000.0.00064c05f937e000", false, "2026-03-02T08:00:00.000000Z"
