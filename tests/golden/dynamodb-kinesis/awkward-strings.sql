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
-- 49672129486798177489156227080350302722633505940611006514: "[\"names\"]", {"id":"names"}, {"a.b":"dot","a[0]":"brackets","a/b":"slash","a~b":"tilde","a~1b":"tilde one","":"the empty name","_id":"leading underscore","__proto__":"two underscores","Total":1,"total":2,"\"quoted\"":"quotes","it's":"apostrophe","back\\slash":"backslash"," space ":"spaces","tab\there":"tab","Größe 🚚":"not ASCII","$ref":"dollar","0":"a digit","S":"named like a tag","N":{"N":5,"S":"x"},"nested":{"a.b":"dot","a[0]":"brackets","a/b~c":"both","":{"":"empty in empty"},"_x":"underscore","Name":"upper","name":"lower"},"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx":"a name of 300 bytes"}, {}, "k.0000.1.00064c06782efac1.05649672129486798177489156227080350302722633505940611006514", false, "2026-03-02T08:35:30.123457Z"
-- 49672129486798177489156227080405913310335778882647490610: "[\"nul-in-a-name\"]", {"id":"nul-in-a-name"}, {}, {"/data":"{\"status\":\"placed\",\"co\\u0000lour\":\"red\"}"}, "k.0000.1.00064c06782efac3.05649672129486798177489156227080405913310335778882647490610", false, "2026-03-02T08:35:30.123459Z"
-- 49672129486798177489156227080390197274680788703376310322: "[\"nul-in-a-nested-name\"]", {"id":"nul-in-a-nested-name"}, {"status":"placed"}, {"/data/attributes":"{\"co\\u0000lour\":\"red\",\"size\":\"L\"}"}, "k.0000.1.00064c06782efac2.05649672129486798177489156227080390197274680788703376310322", false, "2026-03-02T08:35:30.123458Z"
-- 49672129486798177489156227080437345381645759241189851186: "[\"nul\\u0000in \\\"the\\\" key\\\\\"]", {}, {"status":"placed"}, {"/pk/id":"\"nul\\u0000in \\\"the\\\" key\\\\\""}, "k.0000.1.00064c06782efac4.05649672129486798177489156227080437345381645759241189851186", false, "2026-03-02T08:35:30.123460Z"
-- 49672129486798177489156227080443390010743832387063382066: "[\"o'10 \\n🚚\"]", {"id":"o'10 \n🚚"}, {"status":"placed"}, {}, "k.0000.1.00064c06782efac5.05649672129486798177489156227080443390010743832387063382066", false, "2026-03-02T08:35:30.123461Z"
-- 49672129486798177489156227080341840241896203536388063282: "[\"values\"]", {"id":"values"}, {"quotes":"She said \"hello\" and 'goodbye'","backslashes":"C:\\temp\\new \\u0041 \\\\server","emoji":"🚚 👩‍👩‍👧 🇩🇪","escaped_emoji":"🚚","controls":"\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f","separators":"line paragraph ","sql":"'); drop table orders; --","json":"{\"a\":[1,2]}","looks_like_null":"null","braces":"{,\"}","markers":"\\N $1 %s ${x} {{y}}","nul_deep":{"list":["fine",null,{}]},"nul_set":["a",null]}, {"/data/nul":"\"before\\u0000after\"","/data/only_nul":"\"\\u0000\"","/data/nul_deep/list/1":"\"a\\u0000b\"","/data/nul_deep/list/2/text":"\"\\u0000\"","/data/nul_set/1":"\"a\\u0000\""}, "k.0000.1.00064c06782efac0.05649672129486798177489156227080341840241896203536388063282", false, "2026-03-02T08:35:30.123456Z"
