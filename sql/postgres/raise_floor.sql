insert into {floors} as f (target, floor) values ($1::text, $2::text)
on conflict (target) do update set floor = excluded.floor
where f.floor < excluded.floor
