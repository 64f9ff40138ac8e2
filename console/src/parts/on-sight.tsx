import { useEffect, useRef, useState, type ReactNode } from "react";
import { Waiting } from "./waiting";

/** How far below what is seen something is already drawn. */
const ahead = "300px";

/** Draws what is large when it comes into sight. */
export function OnSight({ children }: { children: ReactNode }) {
  const frame = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (!frame.current) {
      return undefined;
    }
    const observer = new IntersectionObserver((entries) => entries.some((e) => e.isIntersecting) && setSeen(true), { rootMargin: ahead });
    observer.observe(frame.current);
    return () => observer.disconnect();
  }, []);
  return <div ref={frame}>{seen ? children : <Waiting />}</div>;
}
