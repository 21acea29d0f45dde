"""Things to do over GraphQL: one API each for organisers, parents, everybody, and reviewers.

The schemas are the files in `schemas/`; `schema` binds them to the resolvers and refuses to start
where one of them lacks the other. A request goes through these modules:

- `serving`: HTTP, from the media types to the status; `media`; `repeating`: Idempotency-Key;
  `subscriptions`: server-sent events
- `documents`: parsed and validated queries, which are kept; `limits`, `costs`: what a query may be
- `apis`: the four APIs; `organiser`, `user`, `guest`, `audit`: their queries and mutations
- `context`: what resolvers know of a request; `loaders`: reads that are joined; `resolving`
- `fields`: what is shown of things; `connections`: lists in both directions; `content_input`,
  `scalars`: what comes in
- `finding`: the seam to the search; `errors`: the one table of error codes
"""
