-- public.orders
insert into "public"."orders_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk, u.data, u.aux, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::jsonb[], $3::jsonb[], $4::jsonb[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."orders_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 6200000000024908726151: "[\"32-levels\"]", {"id":"32-levels"}, {"nest":{"in":[{"in":[{"in":[{"in":[{"in":[{"in":[{"in":[{"in":[{"in":[{"in":[{"in":[{"in":[{"in":[{"in":[{"in":[{"in":"the bottom"}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}}, {}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000024908726151", false, "2026-03-02T08:35:30.000000Z"
-- 6200000000024908275568: "[\"everything\"]", {"id":"everything"}, {"string":"Grüße aus Köln","empty_string":"","integer":42,"decimal":-17.25,"binary":"AAEC+vv8/f7/","empty_binary":"","yes":true,"no":false,"nothing":null,"empty_map":{},"empty_list":[],"string_set":["one"],"string_set_several":["","B","a","b","ä","～","😀"],"number_set":[7],"number_set_several":[-1,9,9.5,10,1E+3],"binary_set":["AA=="],"binary_set_several":["","AAE=","YQ==","/w=="],"map":{"string":"Grüße aus Köln","empty_string":"","integer":42,"decimal":-17.25,"binary":"AAEC+vv8/f7/","empty_binary":"","yes":true,"no":false,"nothing":null,"empty_map":{},"empty_list":[],"string_set":["one"],"string_set_several":["","B","a","b","ä","～","😀"],"number_set":[7],"number_set_several":[-1,9,9.5,10,1E+3],"binary_set":["AA=="],"binary_set_several":["","AAE=","YQ==","/w=="]},"list":["Grüße aus Köln","",42,-17.25,"AAEC+vv8/f7/","",true,false,null,{},[],["one"],["","B","a","b","ä","～","😀"],[7],[-1,9,9.5,10,1E+3],["AA=="],["","AAE=","YQ==","/w=="]],"list_in_list":[[[]],[1,["x"]],{"list":[{"deeper":[null,true]}]}],"map_in_map":{"a":{"b":{"c":{},"d":[]}}}}, {}, "d.0000.1.172026-02-27T09:41:07.318.0226200000000024908275568", false, "2026-03-02T08:35:30.000000Z"
