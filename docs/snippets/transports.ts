// Three ways to make the Socket.IO transport.
import { createServer } from "node:http"
import { socketIo } from "@syncline/transport-socketio"

const server = createServer()
const laptop = socketIo() // dials only
const office = socketIo({ server: { port: 4870, host: "0.0.0.0" } }) // a port of its own
const hub = socketIo({ server, announcedAddresses: ["wss://hub.example"] }) // a server that is yours
export const canListen = [laptop, office, hub].map((transport) => transport.capabilities.canListen)
