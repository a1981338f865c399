-- public.exact_numbers
insert into "public"."exact_numbers_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk, u.data, u.aux, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::jsonb[], $3::jsonb[], $4::jsonb[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."exact_numbers_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 41500000000032529502379: "[-0.00000015]", {"id":-0.00000015}, {"spelling":"-1.50E-7"}, {}, "d.0000.1.172026-02-27T09:41:07.318.02341500000000032529502379", false, "2026-03-02T08:35:30.000000Z"
-- 41500000000032529048002: "[100000000000000000000]", {"id":100000000000000000000}, {"spelling":"1E+20"}, {}, "d.0000.1.172026-02-27T09:41:07.318.02341500000000032529048002", false, "2026-03-02T08:35:30.000000Z"
-- 41500000000032527888774: "[12345678901234567890123456789012345678]", {"id":12345678901234567890123456789012345678}, {"name":"ends in 8"}, {}, "d.0000.1.172026-02-27T09:41:07.318.02341500000000032527888774", false, "2026-03-02T08:35:30.000000Z"
-- 41500000000032528041458: "[12345678901234567890123456789012345679]", {"id":12345678901234567890123456789012345679}, {"name":"ends in 9"}, {}, "d.0000.1.172026-02-27T09:41:07.318.02341500000000032528041458", false, "2026-03-02T08:35:30.000000Z"
-- 41500000000032528647217: "[1]", {"id":1}, {"spelling":"1E0"}, {}, "d.0000.1.172026-02-27T09:41:07.318.02341500000000032528647217", false, "2026-03-02T08:35:30.000000Z"
-- 41500000000032527696729: "[9007199254740993]", {"id":9007199254740993}, {"integer_38":99999999999999999999999999999999999999,"negative_38":-99999999999999999999999999999999999999,"decimal_38":1234567890123456789.0123456789012345678,"fraction_38":0.12345678901234567890123456789012345678,"beyond_double":9007199254740993,"largest":9.9999999999999999999999999999999999999E+125,"large":1E+125,"small":1E-130,"negative_small":-1E-130,"half":-0.5,"scale":1.10,"zero":0,"u64_max":18446744073709551615,"i64_min":-9223372036854775808,"set":[-3,1E-130,9007199254740992,9007199254740993,12345678901234567890123456789012345678],"nested":{"prices":[0.10,1E+125]}}, {}, "d.0000.1.172026-02-27T09:41:07.318.02341500000000032527696729", false, "2026-03-02T08:35:30.000000Z"
