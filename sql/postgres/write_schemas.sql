insert into {schemas} as s ("table", key_names, columns, said_at)
values ($1::text, $2::text[], $3::text, $4::text)
on conflict ("table") do update set
  key_names = excluded.key_names, columns = excluded.columns, said_at = excluded.said_at
where excluded.said_at > s.said_at
