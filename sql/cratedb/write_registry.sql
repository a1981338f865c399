insert into {registry} (target, target_schema, target_name, storage, source, key_names, scheme, epoch, layout)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (target) do update set
  epoch = case when excluded.epoch > epoch then excluded.epoch else epoch end, layout = excluded.layout,
  source = case when excluded.source = '*' then excluded.source else source end
