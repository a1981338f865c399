insert into {storage} ({names})
values
  {rows}
on conflict ({key}) do update set
  {sets}
returning {returning}
