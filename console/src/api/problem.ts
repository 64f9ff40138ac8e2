/** What a server said when it did not do what it was asked. */
export class ApiError extends Error {
  override name = "ApiError";

  constructor(
    /** HTTP status; 0 when there was no answer at all. */
    readonly status: number,
    /** AWS's name of the error, or the native API's category. */
    readonly code: string,
    message: string,
    readonly requestId?: string,
    /** Whether the same request may succeed later. */
    readonly retry = false,
  ) {
    super(message);
  }

  /** Whether nobody is signed in any more. */
  get signedOut(): boolean {
    return this.code === "MissingAuthenticationTokenException" || this.code === "UnrecognizedClientException";
  }
}

interface Answer {
  Message?: string;
  Code?: string;
  detail?: string;
  title?: string;
  category?: string;
  retry?: boolean;
  request_id?: string;
}

/** Reads an error in either shape: AWS's, or a problem document (RFC 9457). */
export async function problemOf(response: Response): Promise<ApiError> {
  const requestId = response.headers.get("x-amzn-requestid") ?? undefined;
  const answer = (await response.json().catch(() => ({}))) as Answer;
  const code = answer.category ?? answer.Code ?? response.headers.get("x-amzn-errortype") ?? String(response.status);
  const message = answer.detail ?? answer.Message ?? answer.title ?? response.statusText;
  const retry = answer.retry ?? (response.status === 429 || response.status >= 500);
  return new ApiError(response.status, code, message, answer.request_id ?? requestId, retry);
}
