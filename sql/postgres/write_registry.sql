insert into {registry} as r (target, target_schema, target_name, storage, source, key_names, scheme, epoch, layout)
values ($1::text, $2::text, $3::text, $4::text, $5::text, $6::text[], $7::text, $8::int4, $9::text)
on conflict (target) do update set
  epoch = greatest(r.epoch, excluded.epoch), layout = excluded.layout,
  source = case when excluded.source = '*' then excluded.source else r.source end
where r.epoch < excluded.epoch or r.layout <> excluded.layout or (excluded.source = '*' and r.source <> '*')
