//! The words of expressions: types, and functions by how much of what they are given they look at.

use cel::common::ast::operators;

/// Names that mean a type.
pub(super) const TYPES: [&str; 9] =
    ["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "uint"];

/// First parts of names of functions.
pub(super) const NAMESPACES: [&str; 5] = ["base64", "lists", "math", "optional", "strings"];

/// Functions that look only at the surface of what they are given.
pub(super) const SURFACE: [&str; 15] = [
    operators::CONDITIONAL,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::NOT_STRICTLY_FALSE,
    operators::INDEX,
    operators::OPT_INDEX,
    operators::OPT_SELECT,
    "size",
    "hasValue",
    "or",
    "orValue",
    "value",
    "optional.none",
    "optional.of",
];

/// Functions that look at all that they are given, and answer with no more than that.
pub(super) const FUNCTIONS: [&str; 61] = [
    operators::SUBSTRACT,
    operators::ADD,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER_EQUALS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::LESS,
    operators::NEGATE,
    operators::IN,
    "@sortByAssociatedKeys",
    "base64.decode",
    "base64.encode",
    "bool",
    "bytes",
    "charAt",
    "contains",
    "distinct",
    "double",
    "dyn",
    "endsWith",
    "flatten",
    "indexOf",
    "int",
    "lastIndexOf",
    "lowerAscii",
    "matches",
    "math.@max",
    "math.@min",
    "math.abs",
    "math.bitAnd",
    "math.bitNot",
    "math.bitOr",
    "math.bitShiftLeft",
    "math.bitShiftRight",
    "math.bitXor",
    "math.ceil",
    "math.floor",
    "math.isFinite",
    "math.isInf",
    "math.isNaN",
    "math.round",
    "math.sign",
    "math.sqrt",
    "math.trunc",
    "optional.ofNonZeroValue",
    "reverse",
    "slice",
    "sort",
    "split",
    "startsWith",
    "string",
    "strings.quote",
    "substring",
    "trim",
    "type",
    "uint",
    "upperAscii",
];
