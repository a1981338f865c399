insert into {storage} ({names}) values ({values}) on conflict ({key_names}) do nothing
