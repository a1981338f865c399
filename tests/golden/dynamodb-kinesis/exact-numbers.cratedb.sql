-- doc.exact_numbers
alter table "doc"."exact_numbers_cdc"
  add column "data"['half'] double precision,
  add column "data"['name'] text,
  add column "data"['nested'] object(strict),
  add column "data"['set'] array(double precision),
  add column "data"['spelling'] text,
  add column "data"['zero'] double precision,
  add column "pk"['id'] double precision;
-- doc.exact_numbers
insert into "doc"."exact_numbers_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227653140564981864423545571901490: null, "[-0.00000015]", {"id":-0.00000015}, {"spelling":"-1.50E-7"}, {}, "k.0000.1.00064c06782efac7.05649672129486798177489156227653140564981864423545571901490", false, "2026-03-02T08:35:30.123463Z"
-- 49672129486798177489156227653111550762193672445378953266: null, "[100000000000000000000]", {"id":100000000000000000000}, {"spelling":"1E+20"}, {}, "k.0000.1.00064c06782efac6.05649672129486798177489156227653111550762193672445378953266", false, "2026-03-02T08:35:30.123462Z"
-- 49672129486798177489156227652964061812200687617345323058: null, "[12345678901234567890123456789012345678]", {}, {"name":"ends in 8"}, {"/pk/id":"12345678901234567890123456789012345678"}, "k.0000.1.00064c06782efac1.05649672129486798177489156227652964061812200687617345323058", false, "2026-03-02T08:35:30.123457Z"
-- 49672129486798177489156227652990658180232209459188858930: null, "[12345678901234567890123456789012345679]", {}, {"name":"ends in 9"}, {"/pk/id":"12345678901234567890123456789012345679"}, "k.0000.1.00064c06782efac2.05649672129486798177489156227652990658180232209459188858930", false, "2026-03-02T08:35:30.123458Z"
-- 49672129486798177489156227653090999023260223749408948274: null, "[1]", {"id":1}, {"spelling":"1E0"}, {}, "k.0000.1.00064c06782efac5.05649672129486798177489156227653090999023260223749408948274", false, "2026-03-02T08:35:30.123461Z"
-- 49672129486798177489156227652955599331463385213122379826: null, "[9007199254740993]", {}, {"half":-0.5,"zero":0,"set":[-3,null,9007199254740992,null,null],"nested":{}}, {"/pk/id":"9007199254740993","/data/integer_38":"99999999999999999999999999999999999999","/data/negative_38":"-99999999999999999999999999999999999999","/data/decimal_38":"1234567890123456789.0123456789012345678","/data/fraction_38":"0.12345678901234567890123456789012345678","/data/beyond_double":"9007199254740993","/data/largest":"9.9999999999999999999999999999999999999E+125","/data/large":"1E+125","/data/small":"1E-130","/data/negative_small":"-1E-130","/data/scale":"1.10","/data/u64_max":"18446744073709551615","/data/i64_min":"-9223372036854775808","/data/set/1":"1E-130","/data/set/3":"9007199254740993","/data/set/4":"12345678901234567890123456789012345678","/data/nested/prices":"[0.10,1E+125]"}, "k.0000.1.00064c06782efac0.05649672129486798177489156227652955599331463385213122379826", false, "2026-03-02T08:35:30.123456Z"
