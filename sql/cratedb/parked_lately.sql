select count(*) from {dead_letters}
where source = $1 and parked_at > $2 and code <> 'blocked' and not id = any($3) and {cause}
