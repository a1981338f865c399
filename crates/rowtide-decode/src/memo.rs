//! A cache of bounded size for what can be computed again. Streams may bring any number of names; what is remembered of
//! each must not fill the memory.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

/// What an entry costs beside its own bytes.
const ENTRY_BYTES: usize = 128;

/// A map that forgets what was not used for long: what is young becomes old when it is half of all, and what is old and
/// not used until then is gone.
#[derive(Debug, Clone)]
pub struct Memo<K, V> {
    young: HashMap<K, Entry<V>>,
    old: HashMap<K, Entry<V>>,
    young_bytes: usize,
    bytes_max: usize,
}

#[derive(Debug, Clone)]
struct Entry<V> {
    value: V,
    bytes: usize,
}

impl<K: Eq + Hash, V> Memo<K, V> {
    /// Remembers about so many bytes.
    pub fn new(bytes_max: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), young_bytes: 0, bytes_max }
    }

    /// What is remembered of `key`; being asked for keeps it.
    pub fn get<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        if let Some((key, entry)) = self.old.remove_entry(key) {
            self.put(key, entry);
        }
        self.young.get(key).map(|entry| &entry.value)
    }

    /// What is remembered of `key`; being looked at does not keep it.
    pub fn peek<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.young.get(key).or_else(|| self.old.get(key)).map(|entry| &entry.value)
    }

    /// Remembers `value`, which takes about `bytes` with its key.
    pub fn insert(&mut self, key: K, value: V, bytes: usize) {
        self.remove(&key);
        self.put(key, Entry { value, bytes: bytes.saturating_add(ENTRY_BYTES) });
    }

    /// Forgets `key`: what was remembered, and its bytes.
    pub fn remove<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<(V, usize)>
    where
        K: Borrow<Q>,
    {
        let young = self.young.remove(key).inspect(|entry| self.young_bytes -= entry.bytes);
        let entry = young.or_else(|| self.old.remove(key))?;
        Some((entry.value, entry.bytes - ENTRY_BYTES))
    }

    /// How many bytes are remembered.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.young.values().chain(self.old.values()).map(|entry| entry.bytes).sum()
    }

    fn put(&mut self, key: K, entry: Entry<V>) {
        if entry.bytes > self.bytes_max / 2 {
            return;
        }
        if self.young_bytes + entry.bytes > self.bytes_max / 2 {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += entry.bytes;
        self.young.insert(key, entry);
    }
}

impl Memo<String, ()> {
    /// Remembers a name: whether it was not remembered before.
    pub fn is_new(&mut self, name: String) -> bool {
        let is_new = self.get(&name).is_none();
        if is_new {
            let bytes = name.len();
            self.insert(name, (), bytes);
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::{ENTRY_BYTES, Memo};

    fn len<K, V>(memo: &Memo<K, V>) -> usize {
        memo.young.len() + memo.old.len()
    }

    #[test]
    fn what_is_used_stays_and_the_rest_is_bounded() {
        let mut memo = Memo::new(100 * ENTRY_BYTES);
        for name in 0..10_000 {
            memo.insert(format!("t{name}"), name, 0);
            assert_eq!(memo.get("t0"), Some(&0));
            assert!(len(&memo) <= 100);
        }
        assert_eq!(memo.get("t1"), None);
        assert_eq!(memo.get("t9999"), Some(&9_999));
        assert_eq!(memo.remove("t9999"), Some((9_999, 0)));
        assert_eq!(memo.get("t9999"), None);
    }

    #[test]
    fn what_is_large_counts_for_more_and_what_is_too_large_is_not_kept() {
        let mut memo = Memo::new(1_000_000);
        for name in 0..100 {
            memo.insert(name, (), 100_000);
        }
        assert!(len(&memo) <= 10);
        memo.insert(200, (), 600_000);
        assert_eq!(memo.get(&200), None);
    }

    #[test]
    fn a_name_is_new_once() {
        let mut memo = Memo::new(10_000);
        assert!(memo.is_new("a".to_owned()) && !memo.is_new("a".to_owned()) && memo.is_new("b".to_owned()));
    }
}
