select job, key, state, version, updated_at from {state} where job = $1::text and key = $2::text
