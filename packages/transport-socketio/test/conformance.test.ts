import { SessionConformance, TransportConformance } from "@syncline/core/testing"
import { Effect } from "effect"
import { socketIo } from "../src/SocketIoTransport.ts"
import * as TcpProxy from "./TcpProxy.ts"

const setup = Effect.map(TcpProxy.make, (proxy) => ({
  server: socketIo({ server: { port: 0 } }),
  client: socketIo(),
  nobody: "ws://127.0.0.1:1",
  invalid: "ws://user:password@127.0.0.1",
  ...proxy
}))

TransportConformance.transportConformance("socketio", setup)
SessionConformance.sessionConformance("socketio", setup)
