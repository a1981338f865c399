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
-- 41500000000032529502379: null, "[-0.00000015]", {"id":-0.00000015}, {"spelling":"-1.50E-7"}, {}, "d.0000.1.172026-02-27T09:41:07.318.02341500000000032529502379", false, "2026-03-02T08:35:30.000000Z"
-- 41500000000032529048002: null, "[100000000000000000000]", {"id":100000000000000000000}, {"spelling":"1E+20"}, {}, "d.0000.1.172026-02-27T09:41:07.318.02341500000000032529048002", false, "2026-03-02T08:35:30.000000Z"
-- 41500000000032527888774: null, "[12345678901234567890123456789012345678]", {}, {"name":"ends in 8"}, {"/pk/id":"12345678901234567890123456789012345678"}, "d.0000.1.172026-02-27T09:41:07.318.02341500000000032527888774", false, "2026-03-02T08:35:30.000000Z"
-- 41500000000032528041458: null, "[12345678901234567890123456789012345679]", {}, {"name":"ends in 9"}, {"/pk/id":"12345678901234567890123456789012345679"}, "d.0000.1.172026-02-27T09:41:07.318.02341500000000032528041458", false, "2026-03-02T08:35:30.000000Z"
-- 41500000000032528647217: null, "[1]", {"id":1}, {"spelling":"1E0"}, {}, "d.0000.1.172026-02-27T09:41:07.318.02341500000000032528647217", false, "2026-03-02T08:35:30.000000Z"
-- 41500000000032527696729: null, "[9007199254740993]", {}, {"half":-0.5,"zero":0,"set":[-3,null,9007199254740992,null,null],"nested":{}}, {"/pk/id":"9007199254740993","/data/integer_38":"99999999999999999999999999999999999999","/data/negative_38":"-99999999999999999999999999999999999999","/data/decimal_38":"1234567890123456789.0123456789012345678","/data/fraction_38":"0.12345678901234567890123456789012345678","/data/beyond_double":"9007199254740993","/data/largest":"9.9999999999999999999999999999999999999E+125","/data/large":"1E+125","/data/small":"1E-130","/data/negative_small":"-1E-130","/data/scale":"1.10","/data/u64_max":"18446744073709551615","/data/i64_min":"-9223372036854775808","/data/set/1":"1E-130","/data/set/3":"9007199254740993","/data/set/4":"12345678901234567890123456789012345678","/data/nested/prices":"[0.10,1E+125]"}, "d.0000.1.172026-02-27T09:41:07.318.02341500000000032527696729", false, "2026-03-02T08:35:30.000000Z"
