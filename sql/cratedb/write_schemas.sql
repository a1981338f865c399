insert into {schemas} ("table", key_names, columns, said_at)
values ($1, $2, $3, $4)
on conflict ("table") do update set
  key_names = case when excluded.said_at > said_at then excluded.key_names else key_names end,
  columns = case when excluded.said_at > said_at then excluded.columns else columns end,
  said_at = case when excluded.said_at > said_at then excluded.said_at else said_at end
