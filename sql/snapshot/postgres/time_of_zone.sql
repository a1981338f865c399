{column} at time zone 'UTC'
