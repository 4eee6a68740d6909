//! Where objects are, and how their versions are written.

use countersign_core::object::ObjectRef;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::discovery::Resource;
use super::list::Place;
use crate::ports::ClusterError;

pub(super) fn api_version(object: &ObjectRef) -> String {
    match object.group.as_str() {
        "" => object.version.clone(),
        group => format!("{group}/{}", object.version),
    }
}

/// Where the object is listed, if it can be.
pub(super) fn place_of(object: &ObjectRef, version: &str, resource: &Resource) -> Option<Place> {
    let path = path_of(object, version, resource).ok()?;
    let (list, _name) = path.rsplit_once('/')?;
    let version = ObjectRef { version: version.to_owned(), ..object.clone() };
    Some(Place { path: list.to_owned(), api_version: api_version(&version), kind: object.kind.clone() })
}

/// Where all objects of a kind are listed, of whatever namespace.
pub(super) fn everywhere(kind: &ObjectRef, resource: &Resource) -> Option<Place> {
    let one = ObjectRef { namespace: String::new(), name: "one".to_owned(), ..kind.clone() };
    place_of(&one, &kind.version, &Resource { namespaced: false, ..resource.clone() })
}

pub(super) fn path_of(
    object: &ObjectRef,
    version: &str,
    resource: &Resource,
) -> Result<String, ClusterError> {
    let encoded = |part: &str| utf8_percent_encode(part, NON_ALPHANUMERIC).to_string();
    let missing = |what: &str| ClusterError::Unexpected { why: format!("`{}` has no {what}", object.kind) };
    if object.name.is_empty() {
        return Err(missing("name"));
    }
    let root = match object.group.as_str() {
        "" => format!("/api/{}", encoded(version)),
        group => format!("/apis/{}/{}", encoded(group), encoded(version)),
    };
    let scope = match (resource.namespaced, object.namespace.as_str()) {
        (false, _) => String::new(),
        (true, "") => return Err(missing("namespace")),
        (true, namespace) => format!("/namespaces/{}", encoded(namespace)),
    };
    Ok(format!("{root}{scope}/{}/{}", encoded(&resource.plural), encoded(&object.name)))
}
