// Prints each result of a subscription as a line of JSON, as a public client library reads them.
// Arguments: the URL of the API, a credential, the query, and its variables in JSON.
import { createClient } from "graphql-sse";

const [url, credential, query, variables] = process.argv.slice(2);
const client = createClient({ url, headers: { Authorization: `Bearer ${credential}` } });
for await (const result of client.iterate({ query, variables: JSON.parse(variables) })) {
  console.log(JSON.stringify(result));
}
