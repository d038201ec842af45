/**
 * Errors as HTTP answers: problem details of RFC 9457. What the client may know stands in them; what went wrong inside
 * stands in the log only.
 */
import { randomUUID } from "node:crypto"
import { STATUS_CODES } from "node:http"
import type { Socket } from "node:net"
import type { AdminProblem } from "@syncline/core/admin"
import type { FastifyError, FastifyInstance, FastifyReply } from "fastify"

/** What programs match on, beside the words. */
interface More {
  /** Name of the reason; by itself the status in words without spaces. */
  readonly code?: string
  readonly errors?: ReadonlyArray<AdminProblem.Fault>
}

/** Answers with a problem. `detail` is for the client. */
export const send = (
  reply: FastifyReply,
  status: number,
  detail: string,
  { code, errors }: More = {}
): FastifyReply => {
  const title = STATUS_CODES[status] ?? "Error"
  const problem: AdminProblem.AdminProblem = {
    type: "about:blank",
    title,
    status,
    detail,
    instance: `urn:uuid:${reply.request.id}`,
    code: code ?? title.replaceAll(/[^A-Za-z]/g, ""),
    ...(errors === undefined ? {} : { errors })
  }
  return reply.code(status).type("application/problem+json").send(problem)
}

/** Answers that the time for an answer is over. */
export const sendOverdue = (reply: FastifyReply): FastifyReply =>
  send(reply, 503, "the hub took too long to answer; try again")

const unread: { readonly [code: string]: readonly [status: number, detail: string] } = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, "the request did not come in time"],
  HPE_HEADER_OVERFLOW: [431, "the headers are too long"]
}

/** Answers what could not be read as HTTP, and closes the connection. */
export const endUnread = (socket: Socket, code: string | undefined): void => {
  if (socket.destroyed || !socket.writable) return
  const [status, detail] = unread[code ?? ""] ?? [400, "this is no request of HTTP/1.1"]
  const title = STATUS_CODES[status]!
  const body = JSON.stringify({
    type: "about:blank",
    title,
    status,
    detail,
    instance: `urn:uuid:${randomUUID()}`,
    code: title.replaceAll(/[^A-Za-z]/g, "")
  } satisfies AdminProblem.AdminProblem)
  const head = `HTTP/1.1 ${status} ${title}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n`
  socket.end(head + body)
}

/** Makes every error and every unknown path of the server a problem. */
export const install = (app: FastifyInstance): void => {
  app.setNotFoundHandler((request, reply) => {
    const detail = `there is no ${request.method} ${pathOf(request.url)}`
    return send(reply, 404, detail, { code: "PathUnknown" })
  })
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const status = error.statusCode ?? 500
    if (status < 500) return send(reply, status, error.message)
    if (error.code === "FST_ERR_HANDLER_TIMEOUT") return sendOverdue(reply)
    request.log.error({ err: error }, "a request failed")
    return send(reply, status, "the hub could not answer; its log has the reason under this request's id")
  })
}

/** Without the query, which may hold what nobody should repeat. */
const pathOf = (url: string): string => url.split("?", 1)[0]!
