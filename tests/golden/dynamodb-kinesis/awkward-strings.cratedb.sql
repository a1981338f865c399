-- doc.orders
alter table "doc"."orders_cdc"
  add column "data"[' space '] text,
  add column "data"['"quoted"'] text,
  add column "data"['$ref'] text,
  add column "data"['0'] text,
  add column "data"['N'] object(strict) as ("N" double precision, "S" text),
  add column "data"['S'] text,
  add column "data"['Total'] double precision,
  add column "data"['__proto__'] text,
  add column "data"['_id'] text,
  add column "data"['a/b'] text,
  add column "data"['attributes'] object(strict) as ("size" text),
  add column "data"['a~1b'] text,
  add column "data"['a~b'] text,
  add column "data"['back\slash'] text,
  add column "data"['backslashes'] text,
  add column "data"['braces'] text,
  add column "data"['controls'] text,
  add column "data"['emoji'] text,
  add column "data"['escaped_emoji'] text,
  add column "data"['it''s'] text,
  add column "data"['json'] text,
  add column "data"['looks_like_null'] text,
  add column "data"['markers'] text,
  add column "data"['nested'] object(strict) as ("Name" text, "_x" text, "a/b~c" text, "name" text),
  add column "data"['nul'] text,
  add column "data"['nul_deep'] object(strict),
  add column "data"['nul_set'] array(text),
  add column "data"['only_nul'] text,
  add column "data"['quotes'] text,
  add column "data"['separators'] text,
  add column "data"['sql'] text,
  add column "data"['status'] text,
  add column "data"['total'] double precision,
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
-- 49672129486798177489156227080350302722633505940611006514: null, "[\"names\"]", {"id":"names"}, {"a/b":"slash","a~b":"tilde","a~1b":"tilde one","_id":"leading underscore","__proto__":"two underscores","Total":1,"total":2,"\"quoted\"":"quotes","it's":"apostrophe","back\\slash":"backslash"," space ":"spaces","$ref":"dollar","0":"a digit","S":"named like a tag","N":{"N":5,"S":"x"},"nested":{"a/b~c":"both","_x":"underscore","Name":"upper","name":"lower"}}, {"/data/a.b":"\"dot\"","/data/a[0]":"\"brackets\"","/data/":"\"the empty name\"","/data/tab\there":"\"tab\"","/data/Größe ~ud83d~ude9a":"\"not ASCII\"","/data/nested/a.b":"\"dot\"","/data/nested/a[0]":"\"brackets\"","/data/nested/":"{\"\":\"empty in empty\"}","/data/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx":"\"a name of 300 bytes\""}, "k.0000.1.00064c06782efac1.05649672129486798177489156227080350302722633505940611006514", false, "2026-03-02T08:35:30.123457Z"
-- 49672129486798177489156227080405913310335778882647490610: null, "[\"nul-in-a-name\"]", {"id":"nul-in-a-name"}, {"status":"placed"}, {"/data/co\u0000lour":"\"red\""}, "k.0000.1.00064c06782efac3.05649672129486798177489156227080405913310335778882647490610", false, "2026-03-02T08:35:30.123459Z"
-- 49672129486798177489156227080390197274680788703376310322: null, "[\"nul-in-a-nested-name\"]", {"id":"nul-in-a-nested-name"}, {"status":"placed","attributes":{"size":"L"}}, {"/data/attributes/co\u0000lour":"\"red\""}, "k.0000.1.00064c06782efac2.05649672129486798177489156227080390197274680788703376310322", false, "2026-03-02T08:35:30.123458Z"
-- 49672129486798177489156227080437345381645759241189851186: null, "[\"nul\\u0000in \\\"the\\\" key\\\\\"]", {"id":"nul\u0000in \"the\" key\\"}, {"status":"placed"}, {}, "k.0000.1.00064c06782efac4.05649672129486798177489156227080437345381645759241189851186", false, "2026-03-02T08:35:30.123460Z"
-- 49672129486798177489156227080443390010743832387063382066: null, "[\"o'10 \\n🚚\"]", {"id":"o'10 \n🚚"}, {"status":"placed"}, {}, "k.0000.1.00064c06782efac5.05649672129486798177489156227080443390010743832387063382066", false, "2026-03-02T08:35:30.123461Z"
-- 49672129486798177489156227080341840241896203536388063282: null, "[\"values\"]", {"id":"values"}, {"nul":"before\u0000after","only_nul":"\u0000","quotes":"She said \"hello\" and 'goodbye'","backslashes":"C:\\temp\\new \\u0041 \\\\server","emoji":"🚚 👩‍👩‍👧 🇩🇪","escaped_emoji":"🚚","controls":"\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f","separators":"line paragraph ","sql":"'); drop table orders; --","json":"{\"a\":[1,2]}","looks_like_null":"null","braces":"{,\"}","markers":"\\N $1 %s ${x} {{y}}","nul_deep":{},"nul_set":["a","a\u0000"]}, {"/data/nul_deep/list":"[\"fine\",\"a\\u0000b\",{\"text\":\"\\u0000\"}]"}, "k.0000.1.00064c06782efac0.05649672129486798177489156227080341840241896203536388063282", false, "2026-03-02T08:35:30.123456Z"
