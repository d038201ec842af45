/**
 * Bytes that name one connection at both of its ends. Without TLS keying material they stop a proof from being used
 * on another connection, but not an attacker who sits in the middle of this one and chooses the session id; only
 * keying material does that. See SPEC.md.
 */
import { Bytes } from "@syncline/core"
import type { Socket } from "node:net"
import { TLSSocket } from "node:tls"

const prefix = "socketio/1/"
/** RFC 9266, "tls-exporter". */
const exporterLabel = "EXPORTER-Channel-Binding"
const exporterBytes = 32

/** `socket` is given when keying material is wanted; on a plain connection there is none to add. */
export const make = (engineSessionId: string, socket: Socket | undefined): Uint8Array => {
  const name = Bytes.utf8(`${prefix}${engineSessionId}`)
  if (!(socket instanceof TLSSocket)) return name
  return Bytes.concat(name, socket.exportKeyingMaterial(exporterBytes, exporterLabel, Buffer.alloc(0)))
}
