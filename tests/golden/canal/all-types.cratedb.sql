-- doc.shop.everything
alter table "doc"."shop_everything_cdc"
  add column "data"['binary'] text,
  add column "data"['bits'] double precision,
  add column "data"['blob'] text,
  add column "data"['choice'] text,
  add column "data"['colours'] array(text),
  add column "data"['day'] text,
  add column "data"['doc'] object(strict),
  add column "data"['duration'] text,
  add column "data"['empty'] text,
  add column "data"['flag'] double precision,
  add column "data"['label'] text,
  add column "data"['name'] text,
  add column "data"['never'] text,
  add column "data"['number_like'] text,
  add column "data"['real'] double precision,
  add column "data"['year'] double precision;
-- doc.shop.everything
insert into "doc"."shop_everything_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798261458914796511962341320461918688994609309: null, "[18446744073709551615]", {}, {"flag":1,"bits":129,"real":0.1,"year":2026,"day":"2026-03-02","never":"0000-00-00 00:00:00","duration":"-838:59:59","name":"Grüße aus \"Köln\"\n","number_like":"007","empty":"","binary":"AP9B","blob":"","choice":"it's","colours":["red","blue"],"label":"red","doc":{}}, {"/pk/id":"18446744073709551615","/data/price":"1234567890123456789012345678.0123456789","/data/ratio":"1.0E-300","/data/no_colours":"[]","/data/doc/a":"[1.10,{\"b\":null}]","/data/doc/big":"12345678901234567890","/data/nothing":"null"}, "c.0000.1.0000019cadb02c50.05649672129486798261458914796511962341320461918688994609309.00000000", false, "2026-03-02T08:35:30.000000Z"
