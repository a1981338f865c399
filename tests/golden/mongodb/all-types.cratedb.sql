-- doc.shop.canonical
alter table "doc"."shop_canonical_cdc"
  add column "data"['before_1970'] text,
  add column "data"['binary'] text,
  add column "data"['bool'] boolean,
  add column "data"['code'] text,
  add column "data"['date'] text,
  add column "data"['empty'] object(strict),
  add column "data"['far'] double precision,
  add column "data"['int32'] double precision,
  add column "data"['max'] text,
  add column "data"['min'] text,
  add column "data"['minus'] text,
  add column "data"['nan'] text,
  add column "data"['no_wrapper'] object(strict) as ("$oid" text),
  add column "data"['objectId'] text,
  add column "data"['operator'] object(strict) as ("$gt" double precision),
  add column "data"['ref'] object(strict) as ("$db" text, "$id" text, "$ref" text),
  add column "data"['regex'] text,
  add column "data"['scoped'] object(strict) as ("$code" text, "$scope" object(strict) as ("x" double precision)),
  add column "data"['symbol'] text,
  add column "data"['text'] text,
  add column "data"['timestamp'] object(strict) as ("i" double precision, "t" double precision),
  add column "data"['uuid'] text,
  add column "pk"['_id'] double precision;
-- doc.shop.canonical
insert into "doc"."shop_canonical_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129487317028285282504120688677529415928497224964220: null, "[7]", {"_id":7}, {"objectId":"69a551210b0750b2c84893f3","text":"naïve “text”","int32":-7,"nan":"NaN","minus":"-Infinity","date":"2024-07-16T14:29:22.907Z","before_1970":"1969-12-31T00:00:00.000Z","far":253402300800000,"binary":"AQID+/8=","uuid":"c8edabc3-f738-4ca3-b68d-ab92a91478a3","timestamp":{"t":1721140162,"i":3},"regex":"/^a\"b/i","code":"function () {}","scoped":{"$code":"f()","$scope":{"x":1}},"symbol":"s","ref":{"$ref":"customers","$id":"69a551220b0750b2c84893f3","$db":"shop"},"min":"MinKey","max":"MaxKey","bool":true,"empty":{},"no_wrapper":{"$oid":"too short"},"operator":{"$gt":5}}, {"/data/int64":"9007199254740993","/data/double":"1.0","/data/big":"1.7976931348623157E+308","/data/decimal":"12345678901234567890.12345678901234","/data/money":"1.10","/data/undefined":"null","/data/null":"null","/data/list":"[1,[\"1970-01-01T00:00:00.000Z\"],{\"deep\":\"669683c2b0750b2c84893f3e\"}]"}, "n.0000.1.69a54bd200000002.8269A54BD2000000022B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003C26ED0CC4D0C30004", false, "2026-03-02T08:35:30.074000Z"
-- doc.shop.relaxed
alter table "doc"."shop_relaxed_cdc"
  add column "data"['before_1970'] text,
  add column "data"['binary'] text,
  add column "data"['bool'] boolean,
  add column "data"['code'] text,
  add column "data"['date'] text,
  add column "data"['empty'] object(strict),
  add column "data"['far'] double precision,
  add column "data"['int32'] double precision,
  add column "data"['max'] text,
  add column "data"['min'] text,
  add column "data"['minus'] text,
  add column "data"['nan'] text,
  add column "data"['no_wrapper'] object(strict) as ("$oid" text),
  add column "data"['objectId'] text,
  add column "data"['operator'] object(strict) as ("$gt" double precision),
  add column "data"['ref'] object(strict) as ("$db" text, "$id" text, "$ref" text),
  add column "data"['regex'] text,
  add column "data"['scoped'] object(strict) as ("$code" text, "$scope" object(strict) as ("x" double precision)),
  add column "data"['symbol'] text,
  add column "data"['text'] text,
  add column "data"['timestamp'] object(strict) as ("i" double precision, "t" double precision),
  add column "data"['uuid'] text,
  add column "pk"['_id'] double precision;
-- doc.shop.relaxed
insert into "doc"."shop_relaxed_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129488089817742493487256458877142831248544723461230: null, "[7]", {"_id":7}, {"objectId":"69a551210b0750b2c84893f3","text":"naïve “text”","int32":-7,"nan":"NaN","minus":"-Infinity","date":"2024-07-16T14:29:22.907Z","before_1970":"1969-12-31T00:00:00.000Z","far":253402300800000,"binary":"AQID+/8=","uuid":"c8edabc3-f738-4ca3-b68d-ab92a91478a3","timestamp":{"t":1721140162,"i":3},"regex":"/^a\"b/i","code":"function () {}","scoped":{"$code":"f()","$scope":{"x":1}},"symbol":"s","ref":{"$ref":"customers","$id":"69a551220b0750b2c84893f3","$db":"shop"},"min":"MinKey","max":"MaxKey","bool":true,"empty":{},"no_wrapper":{"$oid":"too short"},"operator":{"$gt":5}}, {"/data/int64":"9007199254740993","/data/double":"1.0","/data/big":"1.7976931348623157E+308","/data/decimal":"12345678901234567890.12345678901234","/data/money":"1.10","/data/undefined":"null","/data/null":"null","/data/list":"[1,[\"1970-01-01T00:00:00.000Z\"],{\"deep\":\"669683c2b0750b2c84893f3e\"}]"}, "n.0000.1.69a54bd200000001.8269A54BD2000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003C8F14E45FCEEA0004", false, "2026-03-02T08:35:30.037000Z"
-- doc.shop.legacy
alter table "doc"."shop_legacy_cdc"
  add column "data"['before_1970'] text,
  add column "data"['binary'] text,
  add column "data"['bool'] boolean,
  add column "data"['code'] text,
  add column "data"['date'] text,
  add column "data"['empty'] object(strict),
  add column "data"['far'] double precision,
  add column "data"['int32'] double precision,
  add column "data"['max'] text,
  add column "data"['min'] text,
  add column "data"['minus'] text,
  add column "data"['nan'] text,
  add column "data"['no_wrapper'] object(strict) as ("$oid" text),
  add column "data"['objectId'] text,
  add column "data"['operator'] object(strict) as ("$gt" double precision),
  add column "data"['ref'] object(strict) as ("$db" text, "$id" text, "$ref" text),
  add column "data"['regex'] text,
  add column "data"['scoped'] object(strict) as ("$code" text, "$scope" object(strict) as ("x" double precision)),
  add column "data"['symbol'] text,
  add column "data"['text'] text,
  add column "data"['timestamp'] object(strict) as ("i" double precision, "t" double precision),
  add column "data"['uuid'] text,
  add column "pk"['_id'] double precision;
-- doc.shop.legacy
insert into "doc"."shop_legacy_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129488435767621474670921600313880671121660348326240: null, "[7]", {"_id":7}, {"objectId":"69a551210b0750b2c84893f3","text":"naïve “text”","int32":-7,"nan":"NaN","minus":"-Infinity","date":"2024-07-16T14:29:22.907Z","before_1970":"1969-12-31T00:00:00.000Z","far":253402300800000,"binary":"AQID+/8=","uuid":"c8edabc3-f738-4ca3-b68d-ab92a91478a3","timestamp":{"t":1721140162,"i":3},"regex":"/^a\"b/i","code":"function () {}","scoped":{"$code":"f()","$scope":{"x":1}},"symbol":"s","ref":{"$ref":"customers","$id":"69a551220b0750b2c84893f3","$db":"shop"},"min":"MinKey","max":"MaxKey","bool":true,"empty":{},"no_wrapper":{"$oid":"too short"},"operator":{"$gt":5}}, {"/data/int64":"9007199254740993","/data/double":"1.0","/data/big":"1.7976931348623157E+308","/data/decimal":"12345678901234567890.12345678901234","/data/money":"1.10","/data/undefined":"null","/data/null":"null","/data/list":"[1,[\"1970-01-01T00:00:00.000Z\"],{\"deep\":\"669683c2b0750b2c84893f3e\"}]"}, "n.0000.1.69a54bd200000003.8269A54BD2000000032B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003C77A47ACBAE1F0004", false, "2026-03-02T08:35:30.111000Z"
