/** Ports for servers of tests that are stopped and started again at one address. */
import { randomInt } from "node:crypto"
import { once } from "node:events"
import { createServer } from "node:net"

/**
 * Below those that systems give to whoever asks for any port (Linux 32768 and above, others 49152: RFC 6335 §6), so that
 * none of the connections made meanwhile takes it.
 */
const lowest = 20_000
const above = 30_000

/** A port of the loopback that nobody listens on, and that nobody gets by chance. */
export const freePort = async (): Promise<number> => {
  const port = randomInt(lowest, above)
  const server = createServer().listen(port, "127.0.0.1")
  const isFree = await once(server, "listening").then(
    () => true,
    () => false
  )
  if (!isFree) return freePort()
  server.close()
  await once(server, "close")
  return port
}
