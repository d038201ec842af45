/**
 * Why a hub with good settings cannot open its port. The data folder was closed again.
 */
import { Schema } from "effect"

/** Another program listens there. */
export class PortInUse extends Schema.TaggedError<PortInUse>()("PortInUse", {
  host: Schema.String,
  port: Schema.Int
}) {
  override get message(): string {
    return (
      `port ${this.port} on ${this.host} is in use by another program; ` +
      `stop that program, or choose another port with SYNCLINE_PORT`
    )
  }
  get isRetryable(): boolean {
    return true
  }
}

/** The relay cannot listen there. */
export class RelayPortInUse extends Schema.TaggedError<RelayPortInUse>()("RelayPortInUse", {
  host: Schema.String,
  port: Schema.Int
}) {
  override get message(): string {
    return (
      `the relay cannot listen on port ${this.port} of ${this.host}, by QUIC or by TCP; ` +
      `stop the program that does, or choose another port with SYNCLINE_RELAY_PORT`
    )
  }
  get isRetryable(): boolean {
    return true
  }
}

/** The system does not let this user listen there. */
export class PortForbidden extends Schema.TaggedError<PortForbidden>()("PortForbidden", {
  host: Schema.String,
  port: Schema.Int
}) {
  override get message(): string {
    return `this user may not listen on port ${this.port}; choose a port from 1024 up with SYNCLINE_PORT`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The host is no address of this machine. */
export class HostUnavailable extends Schema.TaggedError<HostUnavailable>()("HostUnavailable", {
  host: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `cannot listen on ${this.host} (${this.problem}); set SYNCLINE_HOST to an address of this machine`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The hub's own certificate, or its key, cannot be used. */
export class CertificateUnusable extends Schema.TaggedError<CertificateUnusable>()("CertificateUnusable", {
  certificate: Schema.String,
  key: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return (
      `the certificate ${this.certificate} with the key ${this.key} cannot be used (${this.problem}); ` +
      `SYNCLINE_TLS_CERT and SYNCLINE_TLS_KEY name two files in PEM that belong together`
    )
  }
  get isRetryable(): boolean {
    return false
  }
}

export class HubError extends Schema.TaggedError<HubError>()("HubError", {
  reason: Schema.Union([PortInUse, RelayPortInUse, PortForbidden, HostUnavailable, CertificateUnusable])
}) {
  override get message(): string {
    return this.reason.message
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}
