// Ends with 0 while the hub of this container lets devices in, for the container's health check.
const port = process.env.SYNCLINE_PORT ?? "5342"
const scheme = process.env.SYNCLINE_TLS_CERT ? "https" : "http"
// The certificate is the hub's own and names it as others call it, not as this machine does.
if (scheme === "https") process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0"
const { ok } = await fetch(`${scheme}://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(4_000) })
process.exit(ok ? 0 : 1)
