-- doc.shop.everything
alter table "doc"."shop_everything_cdc"
  add column "data"['amount'] text,
  add column "data"['at'] text,
  add column "data"['bytes'] text,
  add column "data"['code'] text,
  add column "data"['day'] text,
  add column "data"['doc'] object(strict),
  add column "data"['doc_text'] object(strict) as ("a" double precision),
  add column "data"['double'] double precision,
  add column "data"['empty'] text,
  add column "data"['flag'] boolean,
  add column "data"['hstore'] text,
  add column "data"['nan_text'] text,
  add column "data"['no_bytes'] text,
  add column "data"['numbers'] text,
  add column "data"['point'] text,
  add column "data"['range'] text,
  add column "data"['small'] double precision,
  add column "data"['span'] text,
  add column "data"['tags'] text,
  add column "data"['uuid'] text;
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
-- 49672129486798246372534112706032556105606930656877691905: null, "[9223372036854775807]", {}, {"small":-32768,"double":0.1,"nan_text":"NaN","flag":true,"bytes":"AP9B","no_bytes":"","doc":{},"doc_text":{"a":2},"tags":"{a,\"b c\",NULL}","numbers":"{1,2}","range":"[1,10)","point":"(11.39,47.27)","uuid":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","day":"2026-03-02","at":"2026-03-02 08:35:30.123456","span":"1 mon -01:00:00","code":"ab    ","amount":"12.50","hstore":"\"k\"=>\"v\"","empty":""}, {"/pk/id":"9223372036854775807","/data/real":"1e+20","/data/nan":"null","/data/money":"1234567890123456789012345678.0123456789","/data/as_text":"1234567890123456789012345678.0123456789","/data/doc/a":"[1.10,{\"b\":null}]","/data/doc/big":"12345678901234567890","/data/doc_null":"null","/data/nothing":"null"}, "w.0000.1.00000007016b2458", false, "2026-03-02T08:35:30.123456Z"
