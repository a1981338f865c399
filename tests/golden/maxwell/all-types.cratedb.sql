-- doc.shop.everything
alter table "doc"."shop_everything_cdc"
  add column "data"['at'] text,
  add column "data"['attributes'] object(strict),
  add column "data"['binary'] text,
  add column "data"['choice'] text,
  add column "data"['colours'] array(text),
  add column "data"['day'] text,
  add column "data"['duration'] text,
  add column "data"['empty'] text,
  add column "data"['flag'] double precision,
  add column "data"['name'] text,
  add column "data"['never'] text,
  add column "data"['nothing'] text,
  add column "data"['place'] text,
  add column "data"['ratio'] double precision,
  add column "data"['tiny'] double precision,
  add column "data"['year'] double precision,
  add column "pk"['id'] double precision;
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
-- 49672129486798207172041172839187292611950394962016297851: null, "[18446744073709551615]", {}, {"tiny":-128,"flag":1,"ratio":0.1,"year":2026,"day":"2026-03-02","never":"0000-00-00 00:00:00","at":"2026-03-02 08:35:30.123456","duration":"-838:59:59","name":"Grüße aus \"Köln\"\n","empty":"","binary":"/+8AQQ==","choice":"red","colours":["red","blue"],"place":"POINT (11.39 47.27)","attributes":{}}, {"/pk/id":"18446744073709551615","/data/bits":"9223372036854775808","/data/price":"12345678901234567890.1234567890","/data/small":"1E-7","/data/no_colours":"[]","/data/attributes/a":"[1.10,{\"b\":null}]","/data/attributes/big":"12345678901234567890","/data/attributes_null":"null","/data/nothing":"null"}, "x.0000.1.00000000000000e7.00000000007be80e.ffffffffffffffff", false, "2026-03-02T08:35:30.000000Z"
-- 49672129486798207172041172839216013001163745317490286769: null, "[2]", {"id":2}, {"name":"🚚 and \u0000","nothing":"null"}, {"/data/attributes":"\"text\""}, "x.0000.1.00000000000000e7.00000000007beaaa.ffffffffffffffff", false, "2026-03-02T08:35:31.000000Z"
