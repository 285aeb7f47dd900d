; Slice: the kernel's check of a slice of user memory, against arithmetic that cannot wrap.
;
; The first half transcribes `UserSlice::is_valid` (kern/src/memory.rs) to bit vectors of
; 64 bits, for tables of four regions; fewer regions are regions of size 0. The second
; half says what it must mean in 66 bits, where nothing wraps, and asks for a
; counterexample. Host test `proof::slice_predicate` runs this file with z3, puts the
; constants of the ABI before it (R, W, DEVICE), and holds the transcription against
; the Rust code on random vectors.

(define-sort Word () (_ BitVec 64))
(define-sort Wide () (_ BitVec 66))
(define-sort Rights () (_ BitVec 32))

; --- The code ---

(define-fun contains ((base Word) (size Word) (address Word)) Bool
  (and (bvuge address base) (bvult (bvsub address base) size)))

(define-fun grants ((rights Rights) (need Rights)) Bool
  (and (= (bvand rights DEVICE) #x00000000) (= (bvand rights need) need)))

; One turn of the loop: where the cursor is after a region.
(define-fun turn ((cursor Word) (end Word) (base Word) (size Word) (rights Rights) (need Rights)) Word
  (ite (and (bvult cursor end) (grants rights need) (contains base size cursor))
       (bvadd base size)
       cursor))

(define-fun loop ((cursor Word) (end Word) (need Rights)
                  (b0 Word) (s0 Word) (r0 Rights) (b1 Word) (s1 Word) (r1 Rights)
                  (b2 Word) (s2 Word) (r2 Rights) (b3 Word) (s3 Word) (r3 Rights)) Bool
  (bvuge (turn (turn (turn (turn cursor end b0 s0 r0 need) end b1 s1 r1 need)
                     end b2 s2 r2 need) end b3 s3 r3 need)
         end))

; `checked_add`: whether the sum of two words is a word.
(define-fun adds ((a Word) (b Word)) Bool (bvuge (bvadd a b) a))

(define-fun valid ((address Word) (length Word) (need Rights)
                   (b0 Word) (s0 Word) (r0 Rights) (b1 Word) (s1 Word) (r1 Rights)
                   (b2 Word) (s2 Word) (r2 Rights) (b3 Word) (s3 Word) (r3 Rights)) Bool
  (ite (adds address length)
       (loop address (bvadd address length) need b0 s0 r0 b1 s1 r1 b2 s2 r2 b3 s3 r3)
       (= length #x0000000000000000)))

; What somebody writes who does not think of wrapping.
(define-fun naive ((address Word) (length Word) (need Rights)
                   (b0 Word) (s0 Word) (r0 Rights) (b1 Word) (s1 Word) (r1 Rights)
                   (b2 Word) (s2 Word) (r2 Rights) (b3 Word) (s3 Word) (r3 Rights)) Bool
  (loop address (bvadd address length) need b0 s0 r0 b1 s1 r1 b2 s2 r2 b3 s3 r3))

; --- What it must mean ---

(define-fun wide ((word Word)) Wide ((_ zero_extend 2) word))
(define-fun end-of ((base Word) (size Word)) Wide (bvadd (wide base) (wide size)))

; A byte is within a half-open range.
(define-fun within ((byte Wide) (base Word) (size Word)) Bool
  (and (bvuge byte (wide base)) (bvult byte (end-of base size))))

(declare-const address Word)
(declare-const length Word)
(declare-const need Rights)
(declare-const b0 Word) (declare-const s0 Word) (declare-const r0 Rights)
(declare-const b1 Word) (declare-const s1 Word) (declare-const r1 Rights)
(declare-const b2 Word) (declare-const s2 Word) (declare-const r2 Rights)
(declare-const b3 Word) (declare-const s3 Word) (declare-const r3 Rights)

(define-fun allowed ((byte Wide)) Bool
  (or (and (grants r0 need) (within byte b0 s0)) (and (grants r1 need) (within byte b1 s1))
      (and (grants r2 need) (within byte b2 s2)) (and (grants r3 need) (within byte b3 s3))))

; Tables are sorted, and regions do not overlap.
(assert (bvule (end-of b0 s0) (wide b1)))
(assert (bvule (end-of b1 s1) (wide b2)))
(assert (bvule (end-of b2 s2) (wide b3)))
(assert (bvule (end-of b3 s3) #b010000000000000000000000000000000000000000000000000000000000000000)) ; at most 2^64
(assert (or (= need R) (= need W) (= need (bvor R W))))

; Sound: no byte of a valid slice lies outside the regions that grant the use.
(echo "sound")
(push)
(declare-const byte Wide)
(assert (valid address length need b0 s0 r0 b1 s1 r1 b2 s2 r2 b3 s3 r3))
(assert (within byte address length))
(assert (not (allowed byte)))
(check-sat)
(pop)

; Complete, for regions and slices that end below the last byte there is. By induction
; over the loop, so for tables of any length: while the cursor is before the end, no
; region that it has passed allows the byte under it. The loop can only end before the
; end of the slice at a byte that no region allows.
(define-fun top () Wide #b010000000000000000000000000000000000000000000000000000000000000000)
(declare-const cursor Word)
(declare-const end Word)
(define-fun after () Word (turn cursor end b1 s1 r1 need))
(define-fun passed ((base Word) (size Word) (rights Rights) (at Word)) Bool
  (or (bvuge at end) (not (and (grants rights need) (within (wide at) base size)))))

(echo "a turn leaves the region it is at")
(push)
(assert (bvult (end-of b1 s1) top))
(assert (not (passed b1 s1 r1 after)))
(check-sat)
(pop)

(echo "a turn does not go back to a region before")
(push)
(assert (bvult (end-of b1 s1) top))
(assert (passed b0 s0 r0 cursor))
(assert (not (passed b0 s0 r0 after)))
(check-sat)
(pop)

(echo "a turn moves over allowed bytes only")
(push)
(declare-const byte Wide)
(assert (bvult (end-of b1 s1) top))
(assert (bvule (wide cursor) byte))
(assert (bvult byte (wide after)))
(assert (not (and (grants r1 need) (within byte b1 s1))))
(check-sat)
(pop)

; An empty slice is valid wherever it points.
(echo "empty")
(push)
(assert (= length #x0000000000000000))
(assert (not (valid address length need b0 s0 r0 b1 s1 r1 b2 s2 r2 b3 s3 r3)))
(check-sat)
(pop)

; The proof can fail: without the check for wrapping there is a counterexample.
(echo "naive is refuted")
(push)
(declare-const byte Wide)
(assert (naive address length need b0 s0 r0 b1 s1 r1 b2 s2 r2 b3 s3 r3))
(assert (within byte address length))
(assert (not (allowed byte)))
(check-sat)
(pop)
