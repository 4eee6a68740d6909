//! A map that costs nothing to copy. The `cel` crate copies each element that a loop runs over, with all that is in it;
//! of manifests, most of that are maps.

use std::collections::HashMap;
use std::sync::Arc;

use cel::ExecutionError;
use cel::common::traits::{Container, Indexer, Iterable, Iterator, Sizer, Zeroer};
use cel::common::types::{CelInt, CelMap, CelMapKey, Type};
use cel::common::value::{Builtin, BuiltinRef, CowVal, Val};

/// A map of the `cel` crate that its copies share. To that crate it is one of its own in every respect.
#[derive(Debug, Clone)]
pub(super) struct Fields<'v>(Arc<CelMap<'v>>);

impl<'v> From<HashMap<CelMapKey<'v>, Box<dyn Val + 'v>>> for Fields<'v> {
    fn from(entries: HashMap<CelMapKey<'v>, Box<dyn Val + 'v>>) -> Self {
        Self(Arc::new(CelMap::from(entries)))
    }
}

impl Val for Fields<'_> {
    fn get_type(&self) -> &Type {
        self.0.get_type()
    }

    fn cel_type() -> &'static Type {
        CelMap::cel_type()
    }

    fn as_container(&self) -> Option<&dyn Container> {
        self.0.as_container()
    }

    fn as_indexer<'b, 'w>(&'b self) -> Option<&'b (dyn Indexer + 'w)>
    where
        Self: 'w,
    {
        Some(self)
    }

    fn into_indexer<'w>(self: Box<Self>) -> Option<Box<dyn Indexer + 'w>>
    where
        Self: 'w,
    {
        Some(self)
    }

    fn as_iterable<'b, 'w>(&'b self) -> Option<&'b (dyn Iterable + 'w)>
    where
        Self: 'w,
    {
        Some(self)
    }

    fn as_sizer(&self) -> Option<&dyn Sizer> {
        Some(self)
    }

    fn as_zeroer(&self) -> Option<&dyn Zeroer> {
        Some(self)
    }

    fn equals(&self, other: &dyn Val) -> bool {
        self.0.equals(other)
    }

    fn clone_as_boxed<'w>(&self) -> Box<dyn Val + 'w>
    where
        Self: 'w,
    {
        Box::new(self.clone())
    }

    // What the crate asks to know its own maps by.
    fn as_builtin<'b, 'w>(&'b self) -> BuiltinRef<'b, 'w>
    where
        Self: 'w,
    {
        BuiltinRef::Map(&self.0)
    }

    fn into_builtin<'w>(self: Box<Self>) -> Option<Builtin<'w>>
    where
        Self: 'w,
    {
        Some(Builtin::Map(Arc::unwrap_or_clone(self.0)))
    }
}

impl Indexer for Fields<'_> {
    fn get<'b, 'w>(&'b self, key: &dyn Val) -> Result<CowVal<'b, 'w>, ExecutionError>
    where
        Self: 'w,
    {
        Indexer::get(&*self.0, key)
    }

    fn steal<'w>(self: Box<Self>, key: &dyn Val) -> Result<Box<dyn Val + 'w>, ExecutionError>
    where
        Self: 'w,
    {
        match Arc::try_unwrap(self.0) {
            Ok(map) => Box::new(map).steal(key),
            Err(shared) => Indexer::get(&*shared, key).map(|value| value.clone_as_boxed()),
        }
    }
}

impl Iterable for Fields<'_> {
    fn iter<'b, 'w>(&'b self) -> Box<dyn Iterator<'b, 'w> + 'b>
    where
        Self: 'w,
    {
        Iterable::iter(&*self.0)
    }
}

impl Sizer for Fields<'_> {
    fn size(&self) -> CelInt {
        self.0.size()
    }
}

impl Zeroer for Fields<'_> {
    fn is_zero_value(&self) -> bool {
        self.0.is_zero_value()
    }
}
