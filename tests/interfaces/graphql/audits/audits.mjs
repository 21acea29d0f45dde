// Prints the published audits of GraphQL over HTTP of the server at the URL given, as one JSON list.
import { auditServer } from "graphql-http";

const audits = await auditServer({ url: process.argv[2] });
const shown = audits.map(({ id, name, status, reason }) => ({ id, name, status, reason }));
console.log(JSON.stringify(shown));
