//! Buckets in which rows lie as files.

use super::{Check, Files, Hit, Rule, Severity};
use crate::model::{Kind, Model, Resource};
use crate::node::{Given, Node, Value};

const BLOCKS: [&str; 4] =
    ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"];

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "archive-uploads",
        severity: Severity::Warning,
        finds: "a bucket of an archive that keeps what is left of uploads that broke off",
        why: "It is in no list of objects, and is paid for for ever.",
        change: "Give the bucket a lifecycle rule with `AbortIncompleteMultipartUpload`, for example after 7 days.",
        check: Check::Files(|files| {
            archives(files).filter_map(|at| keeps_uploads(files.model, at)).collect()
        }),
    },
    Rule {
        name: "archive-public",
        severity: Severity::Warning,
        finds: "a bucket of an archive that does not block public access",
        why: "One policy or one access list lets everybody read all rows.",
        change: "Set all four of `BlockPublicAcls`, `BlockPublicPolicy`, `IgnorePublicAcls` and \
                 `RestrictPublicBuckets` to true, and give the bucket no public access list.",
        check: Check::Files(|files| archives(files).filter_map(|at| public(files.model, at)).collect()),
    },
];

/// The buckets that functions write their archives to, as far as they are among the resources.
fn archives<'a>(files: &Files<'a>) -> impl Iterator<Item = &'a Resource> {
    let model = files.model;
    model.of(Kind::Function).filter_map(move |function| {
        let url = function.variable("ROWTIDE_ARCHIVE_URL");
        let behind = url.as_text()?.strip_prefix("s3://")?;
        let name = behind.split('/').next()?;
        model.find(&[Kind::Bucket], function, &Node::text(url.line, name))
    })
}

/// What Terraform says of a bucket in resources of their own.
fn about<'a>(model: &'a Model, bucket: &'a Resource) -> impl Iterator<Item = &'a Resource> {
    model.of(Kind::Other).filter(move |other| {
        let found = model.find(&[Kind::Bucket], other, other.get(&["Bucket"]));
        found.is_some_and(|found| std::ptr::eq(found, bucket))
    })
}

fn keeps_uploads(model: &Model, bucket: &Resource) -> Option<Hit> {
    let own = bucket.get(&["LifecycleConfiguration"]);
    let rules = |list: &Node| {
        let forgets = |rule: &Node| {
            let is_on = rule.get("Status").as_text() != Some("Disabled");
            is_on && !rule.get("AbortIncompleteMultipartUpload").items().is_empty()
        };
        list.value == Value::Unknown || list.items().iter().any(forgets)
    };
    let forgets = own.value == Value::Unknown
        || rules(own.get("Rules"))
        || about(model, bucket).any(|other| rules(other.get(&["Rule"])));
    (!forgets).then(|| Hit::at(bucket, own, "No lifecycle rule has `AbortIncompleteMultipartUpload`."))
}

fn public(model: &Model, bucket: &Resource) -> Option<Hit> {
    let own = (bucket, bucket.get(&["PublicAccessBlockConfiguration"]));
    let others = about(model, bucket).map(|other| (other, &other.properties));
    let blocks = std::iter::once(own).chain(others);
    // where nothing is said, AWS blocks it
    let said = blocks.filter(|(_, node)| BLOCKS.iter().any(|name| !node.get(name).is_null()));
    let mut open = said.filter_map(|(place, node)| {
        let name = BLOCKS.iter().find(|name| node.get(name).given_bool().lacks(|on| *on))?;
        Some(Hit::at(place, node.get(name), format!("`{name}` is not true.")))
    });
    open.next().or_else(|| {
        let lists = std::iter::once(bucket).chain(about(model, bucket));
        let mut lists =
            lists.flat_map(|place| ["AccessControl", "Acl"].map(|name| (place, place.get(&[name]))));
        let is_open = |node: &Node| match node.given_text() {
            Given::Is(list) => list.to_ascii_lowercase().starts_with("public"),
            Given::Absent | Given::Unknown => false,
        };
        let (place, node) = lists.find(|(_, node)| is_open(node))?;
        Some(Hit::at(place, node, "The access list of the bucket is a public one."))
    })
}
