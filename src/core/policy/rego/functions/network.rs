//! Functions of addresses and networks.

use std::collections::BTreeSet;
use std::net::IpAddr;

use regorus::Value;

use super::{Beyond, native};

/// How many bits of a network's addresses may differ where they are listed.
const LARGEST: u32 = 16;
const ODD: Beyond = Beyond("its text is no plain address or network");

/// An address, and how many of its bits are the network's.
fn read(text: &str) -> Option<(IpAddr, Option<u32>)> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().ok()?;
    let Some(bits) = bits else { return Some((address, None)) };
    let plain = !bits.is_empty()
        && bits.bytes().all(|byte| byte.is_ascii_digit())
        && (bits == "0" || !bits.starts_with('0'));
    let bits = bits.parse().ok().filter(|bits| plain && *bits <= if address.is_ipv4() { 32 } else { 128 })?;
    Some((address, Some(bits)))
}

/// The bits of an address, on the left; those of the newer kind that stand for the older are told apart by nobody.
fn bits(address: IpAddr) -> Option<u128> {
    match address {
        IpAddr::V4(address) => Some(u128::from(address.to_bits()) << 96),
        IpAddr::V6(address) if address.to_ipv4_mapped().is_some() => None,
        IpAddr::V6(address) => Some(address.to_bits()),
    }
}

fn is_odd(text: &str) -> bool {
    text.contains("::ffff") || text.contains("/0") && !text.ends_with("/0")
}

pub(super) fn contains(args: &[Value]) -> Result<Value, Beyond> {
    let [Value::String(network), Value::String(other)] = args else { return Ok(Value::Undefined) };
    if is_odd(network) || is_odd(other) {
        return Err(ODD);
    }
    let (Some((base, Some(length))), Some((inner, inner_length))) = (read(network), read(other)) else {
        return Ok(Value::Undefined);
    };
    let (Some(one), Some(two)) = (bits(base), bits(inner)) else { return Err(ODD) };
    let mask = if length == 0 { 0 } else { u128::MAX << (128 - length) };
    let within = base.is_ipv4() == inner.is_ipv4()
        && inner_length.is_none_or(|inner| inner >= length)
        && one & mask == two & mask;
    Ok(within.into())
}

pub(super) fn is_valid(args: &[Value]) -> Result<Value, Beyond> {
    let [Value::String(network)] = args else { return Ok(Value::Bool(false)) };
    if is_odd(network) {
        return Err(ODD);
    }
    Ok(matches!(read(network), Some((_, Some(_)))).into())
}

/// The addresses of a network, where they are not too many to list.
pub(super) fn expand(args: &[Value]) -> Result<Value, Beyond> {
    let [Value::String(network)] = args else { return Ok(Value::Undefined) };
    if is_odd(network) {
        return Err(ODD);
    }
    let Some((address, Some(length))) = read(network) else { return Ok(Value::Undefined) };
    let whole = if address.is_ipv4() { 32 } else { 128 };
    if whole - length > LARGEST {
        return Err(Beyond("its network has more than 65,536 addresses"));
    }
    match native::ask("net.cidr_expand", args) {
        Some(Value::Array(items)) => Ok(Value::from(items.iter().cloned().collect::<BTreeSet<Value>>())),
        Some(set @ Value::Set(_)) => Ok(set),
        _ => Err(ODD),
    }
}
