//! Questions about every function: with arguments that make sense, with others, and with none.

use serde_json::{Value, json};

use super::ask::Question;
use super::dice::Dice;
use super::pools::{Pool, pool};

/// How many argument lists each function is asked about.
const EACH: usize = 60;

use Pool::{
    Address, Any, Base, Block, Delimiters, Encoded, Format, Glob, Graph, Json, List, Network, Number,
    Numbers, Object, Pairs, Pattern, Quantity, Query, Replacement, Set, Sets, Short, Text, Texts, Version,
    Whole,
};

const FUNCTIONS: &[(&str, &[Pool])] = &[
    ("abs", &[Number]),
    ("array.concat", &[List, List]),
    ("array.flatten", &[List]),
    ("array.reverse", &[List]),
    ("array.slice", &[List, Whole, Whole]),
    ("base64.decode", &[Encoded]),
    ("base64.encode", &[Text]),
    ("base64.is_valid", &[Encoded]),
    ("base64url.decode", &[Encoded]),
    ("base64url.encode", &[Text]),
    ("base64url.encode_no_pad", &[Text]),
    ("bits.and", &[Whole, Whole]),
    ("bits.lsh", &[Whole, Whole]),
    ("bits.negate", &[Whole]),
    ("bits.or", &[Whole, Whole]),
    ("bits.rsh", &[Whole, Whole]),
    ("bits.xor", &[Whole, Whole]),
    ("ceil", &[Number]),
    ("concat", &[Short, Texts]),
    ("contains", &[Text, Short]),
    ("count", &[Any]),
    ("crypto.sha256", &[Text]),
    ("endswith", &[Text, Short]),
    ("floor", &[Number]),
    ("format_int", &[Number, Base]),
    ("glob.match", &[Glob, Delimiters, Text]),
    ("glob.quote_meta", &[Glob]),
    ("graph.reachable", &[Graph, Texts]),
    ("hex.decode", &[Encoded]),
    ("hex.encode", &[Text]),
    ("indexof", &[Text, Short]),
    ("indexof_n", &[Text, Short]),
    ("intersection", &[Sets]),
    ("is_array", &[Any]),
    ("is_boolean", &[Any]),
    ("is_null", &[Any]),
    ("is_number", &[Any]),
    ("is_object", &[Any]),
    ("is_set", &[Any]),
    ("is_string", &[Any]),
    ("json.is_valid", &[Json]),
    ("json.marshal", &[Any]),
    ("json.unmarshal", &[Json]),
    ("lower", &[Text]),
    ("max", &[List]),
    ("min", &[List]),
    ("net.cidr_contains", &[Network, Address]),
    ("net.cidr_expand", &[Block]),
    ("net.cidr_is_valid", &[Network]),
    ("numbers.range", &[Whole, Whole]),
    ("numbers.range_step", &[Whole, Whole, Whole]),
    ("object.filter", &[Object, Texts]),
    ("object.get", &[Object, Short, Any]),
    ("object.get", &[Object, List, Any]),
    ("object.keys", &[Object]),
    ("object.remove", &[Object, Texts]),
    ("object.subset", &[Object, Object]),
    ("object.subset", &[List, List]),
    ("object.subset", &[Any, Any]),
    ("object.union", &[Object, Object]),
    ("object.union_n", &[List]),
    ("product", &[Numbers]),
    ("regex.find_all_string_submatch_n", &[Pattern, Text, Whole]),
    ("regex.find_n", &[Pattern, Text, Whole]),
    ("regex.is_valid", &[Pattern]),
    ("regex.match", &[Pattern, Text]),
    ("regex.replace", &[Text, Pattern, Replacement]),
    ("regex.split", &[Pattern, Text]),
    ("replace", &[Text, Short, Short]),
    ("round", &[Number]),
    ("semver.compare", &[Version, Version]),
    ("semver.is_valid", &[Version]),
    ("sort", &[List]),
    ("split", &[Text, Short]),
    ("sprintf", &[Format, List]),
    ("startswith", &[Text, Short]),
    ("strings.any_prefix_match", &[Texts, Texts]),
    ("strings.any_suffix_match", &[Texts, Texts]),
    ("strings.count", &[Text, Short]),
    ("strings.replace_n", &[Pairs, Text]),
    ("strings.reverse", &[Text]),
    ("substring", &[Text, Whole, Whole]),
    ("sum", &[Numbers]),
    ("to_number", &[Quantity]),
    ("to_number", &[Number]),
    ("trim", &[Text, Short]),
    ("trim_left", &[Text, Short]),
    ("trim_prefix", &[Text, Short]),
    ("trim_right", &[Text, Short]),
    ("trim_space", &[Text]),
    ("trim_suffix", &[Text, Short]),
    ("type_name", &[Any]),
    ("union", &[Sets]),
    ("units.parse", &[Quantity]),
    ("units.parse_bytes", &[Quantity]),
    ("upper", &[Text]),
    ("urlquery.decode", &[Query]),
    ("urlquery.encode", &[Text]),
    ("urlquery.encode_object", &[Object]),
];

/// Operators are asked about as functions are.
const OPERATORS: [&str; 14] = ["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&", "|", "in"];

/// Makes sets of what stands for them, two deep.
const SETS: &str = "
inner(x) := {v | some v in x[\"$set\"]} if is_list(x)
inner(x) := x if not is_list(x)
is_list(x) if x[\"$set\"]
arg(x) := {inner(v) | some v in x[\"$set\"]} if is_list(x)
arg(x) := {k: inner(v) | some k, v in x} if { is_object(x); not is_list(x) }
arg(x) := [inner(v) | some v in x] if is_array(x)
arg(x) := x if { not is_object(x); not is_array(x) }
";

/// The questions, from a seed.
pub(crate) fn questions(seed: u64) -> Vec<Question> {
    let mut dice = Dice(seed);
    let mut questions = Vec::new();
    let any = pool(Any);
    for (name, pools) in FUNCTIONS {
        let args: Vec<String> = (0..pools.len()).map(|index| format!("arg(input.args[{index}])")).collect();
        let call = format!("{name}({})", args.join(", "));
        questions.extend(asked(name, &call, &inputs(&mut dice, pools, &any)));
    }
    for operator in OPERATORS {
        for pools in [[Number, Number], [Any, Any], [Set, Set], [Text, Texts], [List, List]] {
            let call = format!("arg(input.args[0]) {operator} arg(input.args[1])");
            questions.extend(asked(operator, &call, &inputs(&mut dice, &pools, &any)));
        }
    }
    questions
}

fn inputs(dice: &mut Dice, pools: &[Pool], any: &Value) -> Vec<Value> {
    let many: usize = pools.iter().map(|of| pool(*of).as_array().unwrap().len()).product();
    let of = |dice: &mut Dice, of: Pool| {
        let from = if dice.often(1) { any.clone() } else { pool(of) };
        dice.value(from.as_array().unwrap())
    };
    let list = |dice: &mut Dice| {
        let mut args: Vec<Value> = pools.iter().map(|pool| of(dice, *pool)).collect();
        if dice.below(40) == 0 {
            args.pop();
        }
        json!({ "args": args })
    };
    let mut inputs: Vec<Value> = (0..(EACH + many.min(2 * EACH))).map(|_| list(dice)).collect();
    if let [only] = pools {
        inputs.extend(pool(*only).as_array().unwrap().iter().map(|value| json!({ "args": [value] })));
    }
    inputs
}

/// What it answers as JSON, and how that reads in a message: two questions, since one of them may be beyond us.
fn asked(name: &str, call: &str, inputs: &[Value]) -> [Question; 2] {
    let says = [
        format!("deny contains json.marshal({{\"x\": x}}) if x := {call}"),
        format!("deny contains sprintf(\"%v\", [x]) if x := {call}\ndeny contains \"none\" if not {call}"),
    ];
    says.map(|says| Question {
        note: name.to_owned(),
        modules: vec![format!("package main\nimport rego.v1\n{says}\n{SETS}")],
        inputs: inputs.to_vec(),
        ..Question::default()
    })
}
