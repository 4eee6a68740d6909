-- Types are those that SQLite and PostgreSQL read alike. Times are microseconds since 1970, UTC.

-- Deliveries that were accepted, so that one that comes twice counts once.
create table delivery (
    forge text not null,
    delivery text not null,
    at bigint not null,
    primary key (forge, delivery)
);
create index delivery_at on delivery (at);

-- One row for each change that was ever asked to be looked at. It waits (claimed = 0, ready_at = when it is due), or is
-- claimed (claimed = 1, ready_at = when the lease ends, again = when the look that was asked for meanwhile is due), or
-- rests (ready_at is null). Rows stay, so that a token is never given twice.
create table look (
    forge text not null,
    repo text not null,
    number bigint not null,
    claimed bigint not null default 0,
    ready_at bigint,
    again bigint,
    token bigint not null default 0,
    attempt bigint not null default 0,
    why text,
    primary key (forge, repo, number)
);
create index look_ready_at on look (ready_at) where ready_at is not null;

-- The ledger. handled is set for the one fact that closes a comment or a review.
create table fact (
    seq integer primary key autoincrement,
    forge text not null,
    repo text not null,
    number bigint not null,
    at bigint not null,
    handled text,
    body text not null
);
create index fact_change on fact (forge, repo, number, seq);
create unique index fact_handled on fact (forge, repo, number, handled) where handled is not null;

-- What is remembered of a change besides its facts.
create table change (
    forge text not null,
    repo text not null,
    number bigint not null,
    last_fact bigint,
    landed bigint not null default 0,
    seen text,
    page text,
    page_at bigint,
    primary key (forge, repo, number)
);
create index change_last_fact on change (last_fact) where last_fact is not null and landed = 0;

create table landing (
    id integer primary key autoincrement,
    forge text not null,
    repo text not null,
    number bigint not null,
    branch text not null,
    base text not null,
    head text not null,
    merge_commit text not null,
    bytes blob not null,
    evidence blob not null,
    state text not null,
    begun_at bigint not null,
    ended_at bigint
);
create index landing_change on landing (forge, repo, number, id);
create unique index landing_open on landing (forge, repo, branch) where state <> 'ended';
