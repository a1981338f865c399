select a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), i.indisprimary or i.indisreplident,
  exists (
    select from pg_catalog.pg_inherits as h join pg_catalog.pg_class as c on c.oid = h.inhparent
    where h.inhparent = i.indrelid and c.relkind = 'r'),
  -- by name and by index, two values must be in the same order
  o.opcintype in (select oid from pg_catalog.pg_type where typnamespace = 'pg_catalog'::regnamespace)
    or coalesce(to_regoperator(format('>(%1$s,%1$s)', o.opcintype::regtype)) = (
      select m.amopopr from pg_catalog.pg_amop as m
      where m.amopfamily = o.opcfamily and m.amoplefttype = o.opcintype and m.amoprighttype = o.opcintype
        and m.amopstrategy = 5), false),
  (select format('%I.%I', n.nspname, c.collname) from pg_catalog.pg_collation as c
    join pg_catalog.pg_namespace as n on n.oid = c.collnamespace where c.oid = a.attcollation)
from (
  select i.* from pg_catalog.pg_index as i
  where i.indrelid = $1::text::regclass and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
    and not exists (
      select from pg_catalog.pg_attribute as a
      where a.attrelid = i.indrelid and a.attnum = any((i.indkey::int2[])[0:i.indnkeyatts - 1]) and not a.attnotnull)
  order by i.indisprimary desc, i.indisreplident desc, i.indexrelid
  limit 1
) as i
cross join lateral unnest(i.indkey, i.indclass) with ordinality as k(attnum, class, place)
join pg_catalog.pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.attnum
join pg_catalog.pg_opclass as o on o.oid = k.class
where k.place <= i.indnkeyatts
order by k.place
