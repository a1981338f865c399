-- public.shop.canonical
insert into "public"."shop.canonical_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.canonical_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129487317028285282504120688677529415928497224964220: "[7]", {"_id":7}, {"objectId":"69a551210b0750b2c84893f3","text":"naïve “text”","int32":-7,"int64":9007199254740993,"double":1.0,"big":1.7976931348623157E+308,"nan":"NaN","minus":"-Infinity","decimal":12345678901234567890.12345678901234,"money":1.10,"date":"2024-07-16T14:29:22.907Z","before_1970":"1969-12-31T00:00:00.000Z","far":253402300800000,"binary":"AQID+/8=","uuid":"c8edabc3-f738-4ca3-b68d-ab92a91478a3","timestamp":{"t":1721140162,"i":3},"regex":"/^a\"b/i","code":"function () {}","scoped":{"$code":"f()","$scope":{"x":1}},"symbol":"s","ref":{"$ref":"customers","$id":"69a551220b0750b2c84893f3","$db":"shop"},"min":"MinKey","max":"MaxKey","undefined":null,"null":null,"bool":true,"empty":{},"list":[1,["1970-01-01T00:00:00.000Z"],{"deep":"669683c2b0750b2c84893f3e"}],"no_wrapper":{"$oid":"too short"},"operator":{"$gt":5}}, {}, "n.0000.1.69a54bd200000002.8269A54BD2000000022B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003C26ED0CC4D0C30004", false, "2026-03-02T08:35:30.074000Z"
-- public.shop.relaxed
insert into "public"."shop.relaxed_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.relaxed_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129488089817742493487256458877142831248544723461230: "[7]", {"_id":7}, {"objectId":"69a551210b0750b2c84893f3","text":"naïve “text”","int32":-7,"int64":9007199254740993,"double":1.0,"big":1.7976931348623157E+308,"nan":"NaN","minus":"-Infinity","decimal":12345678901234567890.12345678901234,"money":1.10,"date":"2024-07-16T14:29:22.907Z","before_1970":"1969-12-31T00:00:00.000Z","far":253402300800000,"binary":"AQID+/8=","uuid":"c8edabc3-f738-4ca3-b68d-ab92a91478a3","timestamp":{"t":1721140162,"i":3},"regex":"/^a\"b/i","code":"function () {}","scoped":{"$code":"f()","$scope":{"x":1}},"symbol":"s","ref":{"$ref":"customers","$id":"69a551220b0750b2c84893f3","$db":"shop"},"min":"MinKey","max":"MaxKey","undefined":null,"null":null,"bool":true,"empty":{},"list":[1,["1970-01-01T00:00:00.000Z"],{"deep":"669683c2b0750b2c84893f3e"}],"no_wrapper":{"$oid":"too short"},"operator":{"$gt":5}}, {}, "n.0000.1.69a54bd200000001.8269A54BD2000000012B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003C8F14E45FCEEA0004", false, "2026-03-02T08:35:30.037000Z"
-- public.shop.legacy
insert into "public"."shop.legacy_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.legacy_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129488435767621474670921600313880671121660348326240: "[7]", {"_id":7}, {"objectId":"69a551210b0750b2c84893f3","text":"naïve “text”","int32":-7,"int64":9007199254740993,"double":1.0,"big":1.7976931348623157E+308,"nan":"NaN","minus":"-Infinity","decimal":12345678901234567890.12345678901234,"money":1.10,"date":"2024-07-16T14:29:22.907Z","before_1970":"1969-12-31T00:00:00.000Z","far":253402300800000,"binary":"AQID+/8=","uuid":"c8edabc3-f738-4ca3-b68d-ab92a91478a3","timestamp":{"t":1721140162,"i":3},"regex":"/^a\"b/i","code":"function () {}","scoped":{"$code":"f()","$scope":{"x":1}},"symbol":"s","ref":{"$ref":"customers","$id":"69a551220b0750b2c84893f3","$db":"shop"},"min":"MinKey","max":"MaxKey","undefined":null,"null":null,"bool":true,"empty":{},"list":[1,["1970-01-01T00:00:00.000Z"],{"deep":"669683c2b0750b2c84893f3e"}],"no_wrapper":{"$oid":"too short"},"operator":{"$gt":5}}, {}, "n.0000.1.69a54bd200000003.8269A54BD2000000032B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003C77A47ACBAE1F0004", false, "2026-03-02T08:35:30.111000Z"
