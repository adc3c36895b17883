// The last eight seconds of lamps and buzzer as a strip: rhythm can be seen, not only heard.

const SECONDS = 8;
const COLOURS = { amber: "#ffb000", green: "#22c468", red: "#ff4436", buzzer: "#eef2f4" };

export class Rhythm {
  constructor(canvas, lamps) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
    this.lamps = lamps;
    this.bars = [];
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.moving = false;
  }

  /** A lamp goes on or off, now. */
  change(lamp, on) {
    const now = performance.now();
    const open = this.bars.find((bar) => bar.lamp === lamp && bar.end === null);
    if (on && !open) this.bars.push({ lamp, begin: now, end: null });
    if (!on && open) open.end = now;
    if (this.still.matches) this.draw();
    else if (!this.moving) this.move();
  }

  move() {
    this.moving = true;
    this.draw();
    if (this.bars.length) requestAnimationFrame(() => this.move());
    else this.moving = false;
  }

  draw() {
    const { width, height } = this.canvas;
    const now = performance.now();
    const oldest = now - SECONDS * 1000;
    this.bars = this.bars.filter((bar) => bar.end === null || bar.end > oldest);
    this.pen.clearRect(0, 0, width, height);
    const row = height / this.lamps.length;
    this.lamps.forEach((lamp, place) => {
      this.pen.fillStyle = "#2b343b";
      this.pen.fillRect(0, (place + 0.5) * row - 1, width, 2);
    });
    for (const bar of this.bars) {
      const left = (Math.max(bar.begin, oldest) - oldest) / (SECONDS * 1000) * width;
      const right = ((bar.end ?? now) - oldest) / (SECONDS * 1000) * width;
      this.pen.fillStyle = COLOURS[bar.lamp];
      this.pen.fillRect(left, this.lamps.indexOf(bar.lamp) * row + 5, Math.max(2, right - left), row - 10);
    }
  }
}
