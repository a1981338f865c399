select count(distinct concat(position, ' ', payload_sha256)) from {dead_letters}
where source = $1 and parked_at > $2 and code <> 'blocked'
  and not concat(position, ' ', payload_sha256) = any($3::array(text)) and {cause}
