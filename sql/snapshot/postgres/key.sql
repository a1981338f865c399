select a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), i.indisprimary or i.indisreplident,
  exists (
    select from pg_catalog.pg_inherits as h join pg_catalog.pg_class as c on c.oid = h.inhparent
    where h.inhparent = i.indrelid and c.relkind = 'r')
from (
  select i.* from pg_catalog.pg_index as i
  where i.indrelid = $1::text::regclass and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
    and not exists (
      select from pg_catalog.pg_attribute as a
      where a.attrelid = i.indrelid and a.attnum = any((i.indkey::int2[])[0:i.indnkeyatts - 1]) and not a.attnotnull)
  order by i.indisprimary desc, i.indisreplident desc, i.indexrelid
  limit 1
) as i
cross join lateral unnest(i.indkey) with ordinality as k(attnum, place)
join pg_catalog.pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.attnum
where k.place <= i.indnkeyatts
order by k.place
