/**
 * Finds out which of its addresses a node is reached at: it asks whoever it meets to dial one, and dials in turn where it is asked
 * (AutoNAT). The library answers with the connection on which it was asked, since that is there already, and closes it after the
 * test; here each test has a connection of its own. It does not judge what comes of it.
 */
import { autoNAT } from "@libp2p/autonat"
import type { ConnectionManager } from "@libp2p/interface-internal"

type Components = Parameters<ReturnType<typeof autoNAT>>[0]

/** The service of a libp2p node. */
export const reachability = () => (components: Components) =>
  autoNAT()(instead(components, "connectionManager", withNewConnections(components.connectionManager)))

/** Opens a new connection each time, whatever is open to that peer. */
const withNewConnections = (manager: ConnectionManager): ConnectionManager => {
  const openConnection: ConnectionManager["openConnection"] = (to, options) =>
    manager.openConnection(to, { ...options, force: true })
  return instead(manager, "openConnection", openConnection)
}

/** The same thing but for one member. libp2p adds members later, so that a copy would lack some. */
const instead = <A extends object, K extends keyof A>(whole: A, name: K, value: A[K]): A =>
  new Proxy(whole, { get: (target, key) => (key === name ? value : Reflect.get(target, key, target)) })
