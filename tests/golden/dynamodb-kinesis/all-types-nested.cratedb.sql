-- doc.orders
alter table "doc"."orders_cdc"
  add column "data"['binary'] text,
  add column "data"['binary_set'] array(text),
  add column "data"['binary_set_several'] array(text),
  add column "data"['decimal'] double precision,
  add column "data"['empty_binary'] text,
  add column "data"['empty_map'] object(strict),
  add column "data"['empty_string'] text,
  add column "data"['integer'] double precision,
  add column "data"['map'] object(strict) as ("binary" text, "binary_set" array(text), "binary_set_several" array(text), "decimal" double precision, "empty_binary" text, "empty_map" object(strict), "empty_string" text, "integer" double precision, "no" boolean, "number_set" array(double precision), "number_set_several" array(double precision), "string" text, "string_set" array(text), "string_set_several" array(text), "yes" boolean),
  add column "data"['map_in_map'] object(strict) as ("a" object(strict) as ("b" object(strict) as ("c" object(strict)))),
  add column "data"['nest'] object(strict) as ("in" array(object(strict) as ("in" array(object(strict) as ("in" array(object(strict) as ("in" array(object(strict) as ("in" array(object(strict) as ("in" array(object(strict) as ("in" array(object(strict) as ("in" array(object(strict) as ("in" array(object(strict) as ("in" array(object(strict) as ("in" array(object(strict) as ("in" array(object(strict) as ("in" array(object(strict) as ("in" array(object(strict))))))))))))))))))))))))))))),
  add column "data"['no'] boolean,
  add column "data"['number_set'] array(double precision),
  add column "data"['number_set_several'] array(double precision),
  add column "data"['string'] text,
  add column "data"['string_set'] array(text),
  add column "data"['string_set_several'] array(text),
  add column "data"['yes'] boolean,
  add column "pk"['id'] text;
-- doc.orders
insert into "doc"."orders_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227539569237783987700288255426610: null, "[\"32-levels\"]", {"id":"32-levels"}, {"nest":{"in":[{"in":[{"in":[{"in":[{"in":[{"in":[{"in":[{"in":[{"in":[{"in":[{"in":[{"in":[{"in":[{"in":[{}]}]}]}]}]}]}]}]}]}]}]}]}]}]}}, {"/data/nest/in/0/in/0/in/0/in/0/in/0/in/0/in/0/in/0/in/0/in/0/in/0/in/0/in/0/in/0/in":"[{\"in\":\"the bottom\"}]"}, "k.0000.1.00064c06782efac1.05649672129486798177489156227539569237783987700288255426610", false, "2026-03-02T08:35:30.123457Z"
-- 49672129486798177489156227539561984229070012513207189554: null, "[\"everything\"]", {"id":"everything"}, {"string":"Grüße aus Köln","empty_string":"","integer":42,"decimal":-17.25,"binary":"AAEC+vv8/f7/","empty_binary":"","yes":true,"no":false,"empty_map":{},"string_set":["one"],"string_set_several":["","B","a","b","ä","～","😀"],"number_set":[7],"number_set_several":[-1,9,9.5,10,null],"binary_set":["AA=="],"binary_set_several":["","AAE=","YQ==","/w=="],"map":{"string":"Grüße aus Köln","empty_string":"","integer":42,"decimal":-17.25,"binary":"AAEC+vv8/f7/","empty_binary":"","yes":true,"no":false,"empty_map":{},"string_set":["one"],"string_set_several":["","B","a","b","ä","～","😀"],"number_set":[7],"number_set_several":[-1,9,9.5,10,null],"binary_set":["AA=="],"binary_set_several":["","AAE=","YQ==","/w=="]},"map_in_map":{"a":{"b":{"c":{}}}}}, {"/data/nothing":"null","/data/empty_list":"[]","/data/number_set_several/4":"1E+3","/data/map/nothing":"null","/data/map/empty_list":"[]","/data/map/number_set_several/4":"1E+3","/data/list":"[\"Gr\\u00fc\\u00dfe aus K\\u00f6ln\",\"\",42,-17.25,\"AAEC+vv8/f7/\",\"\",true,false,null,{},[],[\"one\"],[\"\",\"B\",\"a\",\"b\",\"\\u00e4\",\"\\uff5e\",\"\\ud83d\\ude00\"],[7],[-1,9,9.5,10,1E+3],[\"AA==\"],[\"\",\"AAE=\",\"YQ==\",\"/w==\"]]","/data/list_in_list":"[[[]],[1,[\"x\"]],{\"list\":[{\"deeper\":[null,true]}]}]","/data/map_in_map/a/b/d":"[]"}, "k.0000.1.00064c06782efac0.05649672129486798177489156227539561984229070012513207189554", false, "2026-03-02T08:35:30.123456Z"
